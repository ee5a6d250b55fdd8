// An online background, where somebody asked for one. Tiles drawn in GCJ-02 are put where they are in WGS 84, tile by tile.
'use strict';
(function (planner) {
  const AXIS = 6378245.0, FLAT = 0.00669342162296594323;
  const sin = Math.sin, PI = Math.PI;

  // the shift in degrees, as coordinates.py computes it for places in China; the provider has no tiles elsewhere
  function shift(lon, lat) {
    const x = lon - 105, y = lat - 35, root = Math.sqrt(Math.abs(x));
    const ripple = ((20 * sin(6 * PI * x) + 20 * sin(2 * PI * x)) * 2) / 3;
    const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
      + ((20 * sin(PI * y) + 40 * sin((PI / 3) * y)) * 2) / 3 + ((160 * sin((PI / 12) * y) + 320 * sin((PI / 30) * y)) * 2) / 3;
    const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
      + ((20 * sin(PI * x) + 40 * sin((PI / 3) * x)) * 2) / 3 + ((150 * sin((PI / 12) * x) + 300 * sin((PI / 30) * x)) * 2) / 3;
    const radians = (lat * PI) / 180, w2 = 1 - FLAT * sin(radians) ** 2;
    return [(east / ((AXIS / Math.sqrt(w2)) * Math.cos(radians))) * (180 / PI), (north / ((AXIS * (1 - FLAT)) / w2 ** 1.5)) * (180 / PI)];
  }
  planner.toGcj = function ({ lng, lat }) {
    const [east, north] = shift(lng, lat);
    return L.latLng(lat + north, lng + east);
  };
  planner.fromGcj = function (point) {
    let found = point;
    for (let round = 0; round < 8; round++) {
      const again = planner.toGcj(found);
      found = L.latLng(found.lat - (again.lat - point.lat), found.lng - (again.lng - point.lng));
    }
    return found;
  };

  const Shifted = L.TileLayer.extend({
    _getTilePos(coords) {
      const corner = this._map.unproject(coords.scaleBy(this.getTileSize()), coords.z);
      return this._map.project(planner.fromGcj(corner), coords.z).subtract(this._level.origin).round();
    },
    _getTiledPixelBounds(center) { return L.TileLayer.prototype._getTiledPixelBounds.call(this, planner.toGcj(center)); },
  });

  planner.addTiles = function (map) {
    const { tiles } = planner.data;
    if (!tiles) return;
    map.createPane('tiles').style.zIndex = 340;
    const Layer = tiles.shifted ? Shifted : L.TileLayer;
    const options = { pane: 'tiles', maxZoom: 18, maxNativeZoom: tiles.deepest, attribution: tiles.attribution, keepBuffer: 1 };
    if (tiles.subdomains) options.subdomains = tiles.subdomains;
    planner.tiles = L.layerGroup(tiles.urls.map((url) => new Layer(url, options))).addTo(map);
    planner.base.bare = true;
    if (planner.relief) planner.relief.setOpacity(0);
  };
  planner.showTiles = function (checked) {
    if (checked) planner.tiles.addTo(planner.map);
    else planner.tiles.remove();
    planner.base.bare = checked;
  };
})(window.planner);
