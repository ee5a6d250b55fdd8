// Drawing: one canvas a pane, painted from typed arrays, so that twenty thousand villages stay quick.
'use strict';
(function (planner) {
  const INK = '#1f2933';
  const FONT = "'Microsoft YaHei','PingFang SC','Noto Sans CJK SC',sans-serif";
  planner.ROADS = {
    path: { color: '#b9ae9b', width: 0.8, dash: [3, 3] },
    minor: { color: '#c4beb0', width: 1.1 },
    middle: { color: '#ffffff', width: 2.2, casing: '#a39c8c' },
    major: { color: '#ffe9b0', width: 3.4, casing: '#96793a' },
  };
  planner.CAUSES = {
    off_network: ['cross', '#000000'], no_route: ['cross', '#000000'], too_far_walk: ['triangle', '#D55E00'],
    too_far_walk_km: ['triangle', '#D55E00'],
    too_far_ride: ['diamond', '#E69F00'], boarding_too_young: ['wedge', '#CC79A7'], boarding_too_far: ['hexagon', '#F0E442'],
    no_place: ['plus', '#CC79A7'], no_bed: ['plus', '#009E73'], steep_climb: ['triangle', '#8c510a'], cut_off: ['hexagon', '#0072B2'],
  };
  planner.SAFE = ['circle', '#7fb2cf'];
  planner.SITES = {
    open: ['square', '#0072B2'], kept: ['square', '#0072B2'], closed: ['crossed', '#ffffff'],
    reduced: ['halved', '#0072B2'], opened: ['star', '#009E73'],
  };
  planner.MODES = {
    walk: { color: '#5b6b75', dash: [] }, bus: { color: '#00736b', dash: [12, 4] }, school_bus: { color: '#b35900', dash: [7, 3] },
    board: { color: '#7b3f8c', dash: [2, 3] }, home: { color: '#7b3f8c', dash: [1, 5] },
  };

  const CORNERS = { square: [4, 0.25, 1.25], crossed: [4, 0.25, 1.25], halved: [4, 0.25, 1.25], triangle: [3, -0.5, 1.25],
    wedge: [3, 0.5, 1.25], diamond: [4, 0, 1.2], hexagon: [6, 0, 1.1] };

  planner.shape = function (ctx, kind, x, y, r, color, line) {
    ctx.beginPath();
    if (kind === 'circle') ctx.arc(x, y, r, 0, 7);
    else if (kind === 'star') spikes(ctx, x, y, r * 1.5);
    else if (kind === 'cross' || kind === 'plus') bars(ctx, x, y, r * 1.25, kind === 'plus' ? 0 : Math.PI / 4);
    else polygon(ctx, x, y, r, CORNERS[kind]);
    ctx.fillStyle = kind === 'halved' ? '#ffffff' : color;
    ctx.fill();
    ctx.lineWidth = line || 1;
    ctx.strokeStyle = kind === 'cross' ? '#ffffff' : INK;
    ctx.stroke();
    const s = r * 0.88;
    if (kind === 'halved') {
      ctx.fillStyle = color;
      ctx.fillRect(x - s, y, 2 * s, s);
    }
    if (kind === 'crossed') {
      ctx.beginPath();
      ctx.moveTo(x - s, y - s); ctx.lineTo(x + s, y + s); ctx.moveTo(x - s, y + s); ctx.lineTo(x + s, y - s);
      ctx.lineWidth = Math.max(2, r / 3.2);
      ctx.strokeStyle = INK;
      ctx.stroke();
    }
  };
  function polygon(ctx, x, y, r, [sides, turn, grow]) {
    for (let i = 0; i < sides; i++) {
      const angle = (i / sides) * 2 * Math.PI + turn * Math.PI;
      ctx.lineTo(x + r * grow * Math.cos(angle), y + r * grow * Math.sin(angle));
    }
    ctx.closePath();
  }
  function spikes(ctx, x, y, r) {
    for (let i = 0; i < 10; i++) {
      const angle = (i / 5 - 0.5) * Math.PI;
      const reach = i % 2 ? r * 0.45 : r;
      ctx.lineTo(x + reach * Math.cos(angle), y + reach * Math.sin(angle));
    }
    ctx.closePath();
  }
  function bars(ctx, x, y, r, turn) {
    const w = 0.36;
    [[-w, -1], [w, -1], [w, -w], [1, -w], [1, w], [w, w], [w, 1], [-w, 1], [-w, w], [-1, w], [-1, -w], [-w, -w]].forEach(([a, b]) => {
      ctx.lineTo(x + r * (a * Math.cos(turn) - b * Math.sin(turn)), y + r * (a * Math.sin(turn) + b * Math.cos(turn)));
    });
    ctx.closePath();
  }

  // a Leaflet canvas renderer that paints data instead of layers, and leaves clicks to the map
  planner.Field = L.Canvas.extend({
    paintWith(painter) { this._painter = painter; return this; },
    _initContainer() { L.Canvas.prototype._initContainer.call(this); this._container.style.pointerEvents = 'none'; },
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Canvas.prototype._update.call(this);
      const scale = Math.pow(2, this._map.getZoom());
      const origin = this._map.getPixelOrigin();
      const near = this._bounds;
      this._painter({
        ctx: this._ctx, zoom: this._map.getZoom(), scale, origin,
        x: (px) => px * scale - origin.x, y: (py) => py * scale - origin.y,
        sees: (x, y, m) => x > near.min.x - m && x < near.max.x + m && y > near.min.y - m && y < near.max.y + m,
        seesBox: (box) => box[2] * scale - origin.x > near.min.x && box[0] * scale - origin.x < near.max.x &&
          box[3] * scale - origin.y > near.min.y && box[1] * scale - origin.y < near.max.y,
      });
    },
    // Leaflet would move the canvas by a part of a pixel here, and blur it
    _reset() { this._update(); },
    _redraw() {}, // Leaflet would wipe the canvas here to draw its own layers, of which there are none
    repaint() { if (this._map) this._update(); },
  });

  // what packing.py packed: seven bits a byte, the sign in the last bit
  function unpack(text) {
    const raw = atob(text);
    const numbers = [];
    let value = 0, scale = 1;
    for (let i = 0; i < raw.length; i++) {
      const byte = raw.charCodeAt(i);
      value += (byte & 127) * scale;
      if (byte & 128) scale *= 128;
      else { numbers.push(value); value = 0; scale = 1; }
    }
    const lines = [];
    for (let at = 0; at < numbers.length; at += 1 + numbers[at]) {
      lines.push(numbers.slice(at + 1, at + 1 + numbers[at]).map((number) => (number % 2 ? -(number + 1) / 2 : number / 2)));
    }
    return lines;
  }

  planner.decodeLines = (lines) => (typeof lines === 'string' ? unpack(lines) : lines).map((steps) => {
    const points = new Float64Array(steps.length);
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    let x = 0, y = 0;
    for (let i = 0; i < steps.length; i += 2) {
      x += steps[i];
      y += steps[i + 1];
      const point = planner.worldPoint(x, y);
      points[i] = point.x;
      points[i + 1] = point.y;
      box[0] = Math.min(box[0], point.x); box[1] = Math.min(box[1], point.y);
      box[2] = Math.max(box[2], point.x); box[3] = Math.max(box[3], point.y);
    }
    return { points, box };
  });

  planner.traceLines = traceLines;
  function traceLines(t, lines) {
    t.ctx.beginPath();
    for (const line of lines) {
      if (!t.seesBox(line.box)) continue;
      const p = line.points;
      t.ctx.moveTo(t.x(p[0]), t.y(p[1]));
      for (let i = 2; i < p.length; i += 2) t.ctx.lineTo(t.x(p[i]), t.y(p[i + 1]));
    }
  }

  planner.paintBase = function (t, base) {
    const ctx = t.ctx;
    ctx.lineJoin = ctx.lineCap = 'round';
    if (base.boundary.length && !base.bare) {
      traceLines(t, base.boundary);
      ctx.fillStyle = '#faf8f2';
      ctx.fill();
    }
    if (base.water && base.waterShown !== false) {
      traceLines(t, base.water);
      stroke(ctx, '#8fb8cf', Math.max(0.8, Math.min(2.4, (t.zoom - 7) / 3)), []);
    }
    if (!base.shown) return;
    traceLines(t, base.boundary);
    stroke(ctx, '#8a8272', 1.6, [8, 4, 2, 4]);
    const thick = Math.max(0.55, Math.min(1.8, (t.zoom - 7) / 4));
    for (const [group, lines] of base.roads) {
      const style = planner.ROADS[group];
      if (group === 'path' && t.zoom < 11) continue;
      traceLines(t, lines);
      if (style.casing) stroke(ctx, style.casing, style.width * thick + 1.3, []);
      stroke(ctx, style.color, style.width * thick, style.dash || []);
    }
  };
  function stroke(ctx, color, width, dash) {
    ctx.strokeStyle = color;
    ctx.lineWidth = width;
    ctx.setLineDash(dash);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  planner.stroke = stroke;

  const small = () => (planner.map.getSize().x < 560 ? 0.78 : 1); // a phone shows the same county on a third of the width
  planner.villageRadius = (i, zoom) => {
    const grow = Math.max(0.7, Math.min(1.7, (zoom - 6) / 5)) * small();
    return Math.max(2.6, Math.min(7, 1.8 + Math.sqrt(planner.data.villages.pupils[i]) * 0.45)) * grow;
  };

  planner.paintState = function (t, state, shown) {
    if (planner.base.shown) planner.paintMended(t, state);
    paintLines(t, state, shown);
    if (shown.buses) planner.paintBuses(t, state);
    paintVillages(t, state, shown);
    if (shown.venues) planner.paintVenues(t);
    if (shown.schools) paintSchools(t, state, shown.labels);
    if (shown.beds) planner.paintBeds(t, state);
  };

  // roads that the plan mends or builds: broad, with a dark edge, so that they stand out from roads, ways and buses
  planner.MENDED = { mended: { color: '#7b2cbf', width: 3.4, casing: '#ffffff' }, built: { color: '#7b2cbf', width: 3.4, casing: '#ffffff', dash: [7, 5] } };
  planner.mendedKind = ([, , isNew]) => (isNew ? 'built' : 'mended');
  planner.paintMended = function (t, state) {
    state.mendedLines = state.mendedLines || state.mended.map((road) => planner.decodeLines(road[3]));
    t.ctx.lineJoin = t.ctx.lineCap = 'round';
    state.mended.forEach((road, i) => {
      const style = planner.MENDED[planner.mendedKind(road)];
      traceLines(t, state.mendedLines[i]);
      stroke(t.ctx, style.casing, style.width + 2.6, []);
      traceLines(t, state.mendedLines[i]);
      stroke(t.ctx, style.color, style.width, style.dash || []);
    });
  };

  function paintLines(t, state, shown) {
    const { villages, schools } = planner.data;
    const byMode = {};
    state.byVillage.forEach((trips) => trips.forEach((trip) => {
      if (trip.school >= 0 && shown.bands[trip.band]) (byMode[trip.mode] = byMode[trip.mode] || []).push(trip);
    }));
    t.ctx.globalAlpha = 0.55;
    for (const mode in byMode) {
      t.ctx.beginPath();
      for (const trip of byMode[mode]) {
        t.ctx.moveTo(t.x(villages.px[2 * trip.village]), t.y(villages.px[2 * trip.village + 1]));
        t.ctx.lineTo(t.x(schools.px[2 * trip.school]), t.y(schools.px[2 * trip.school + 1]));
      }
      stroke(t.ctx, planner.MODES[mode].color, 1.1, planner.MODES[mode].dash);
    }
    t.ctx.globalAlpha = 1;
  }

  function paintVillages(t, state, shown) {
    if (shown.theme !== 'risk') return planner.paintTheme(t, state, shown);
    const px = planner.data.villages.px;
    const late = [];
    for (let i = 0; i < state.cause.length; i++) {
      const x = t.x(px[2 * i]), y = t.y(px[2 * i + 1]);
      if (!t.sees(x, y, 12)) continue;
      if (state.cause[i]) late.push([i, x, y]);
      else if (shown.safe) planner.shape(t.ctx, planner.SAFE[0], x, y, planner.villageRadius(i, t.zoom), planner.SAFE[1], 0.8);
    }
    if (!shown.risk) return;
    late.sort((a, b) => state.severe[a[0]] - state.severe[b[0]]);
    for (const [i, x, y] of late) {
      const [kind, color] = planner.CAUSES[planner.data.causes[state.cause[i]]];
      const r = planner.villageRadius(i, t.zoom) * 0.6 + 2.6 * small();
      planner.shape(t.ctx, kind, x, y, state.severe[i] ? r * 1.45 : r, color, 1.2);
    }
  }

  function paintSchools(t, state, labels) {
    const { schools } = planner.data;
    const grow = Math.max(0.8, Math.min(1.5, (t.zoom - 6) / 4.5)) * small();
    const rank = { opened: 3, closed: 2, reduced: 2, kept: 1, open: 1 };
    const seen = [];
    for (let i = 0; i < schools.id.length; i++) {
      const status = planner.STATUS[state.status[i]];
      const x = t.x(schools.px[2 * i]), y = t.y(schools.px[2 * i + 1]);
      if (status !== 'none' && t.sees(x, y, 60)) seen.push({ i, x, y, status, rank: rank[status] });
    }
    seen.sort((a, b) => a.rank - b.rank);
    for (const site of seen) {
      const [kind, color] = planner.SITES[site.status];
      planner.shape(t.ctx, kind, site.x, site.y, (site.rank > 1 ? 7.2 : 5.6) * grow, color, 1.4);
    }
    if (labels) paintLabels(t, seen.reverse(), state, grow);
  }

  function paintLabels(t, seen, state, grow) {
    const taken = seen.map((site) => [site.x - 6, site.y - 6, site.x + 6, site.y + 6]);
    seen.sort((a, b) => b.rank - a.rank || state.pupils[b.i] - state.pupils[a.i]);
    planner.paintNames(t, seen.map((site) => ({ text: planner.nameOf(planner.data.schools, site.i), x: site.x, y: site.y + 9 * grow + 8,
      color: site.status === 'closed' ? '#7a1f00' : INK })), taken);
  }

  // names with a white edge, the first ones first; a name that would cover another or a mark is left out
  planner.paintNames = function (t, names, taken = []) {
    const ctx = t.ctx;
    ctx.font = '600 ' + (t.zoom >= 12 ? 14 : 12.5) + 'px ' + FONT;
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'center';
    ctx.direction = 'ltr';
    ctx.lineJoin = 'round';
    for (const { text: full, x, y, color } of names) {
      const text = full.length > 24 ? full.slice(0, 23) + '…' : full;
      const half = ctx.measureText(text).width / 2 + 3;
      const box = [x - half, y - 8, x + half, y + 8];
      if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
      taken.push(box);
      ctx.lineWidth = 3.5;
      ctx.strokeStyle = 'rgba(255,255,255,.92)';
      ctx.strokeText(text, x, y);
      ctx.fillStyle = color || INK;
      ctx.fillText(text, x, y);
    }
  };

})(window.planner);
