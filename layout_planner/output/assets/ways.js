// The ways of one village: along the roads where they are known, else straight. Today dashed and dark, the plan solid and blue.
'use strict';
(function (planner) {
  planner.WAY_NOW = { color: '#111111', width: 3, dash: [9, 6] };
  planner.WAY_PLAN = { color: '#0072B2', width: 7, dash: [] };
  const EDGE = { color: '#ffffff', width: 11, dash: [] };
  const BUS_LINE = -1; // a public bus keeps to its line, which no road of ours tells

  planner.loadWays = function () {
    const { ways } = planner.data;
    planner.strands = ways ? planner.decodeLines(ways.lines) : [];
    planner.wayFrom = new Map();
    for (let at = 0; ways && at < ways.begin.length; at += 4) {
      planner.wayFrom.set(ways.begin.slice(at, at + 3).join(), ways.begin[at + 3]);
    }
  };

  // the strands from a village to a school, or null where the way is not known
  planner.wayOf = function (village, trip) {
    const kind = trip.mode === 'walk' ? 0 : trip.mode === 'bus' ? BUS_LINE : 1;
    let strand = planner.wayFrom.get([village, trip.school, kind].join());
    if (strand === undefined) return null;
    const way = [];
    for (; strand >= 0; strand = planner.data.ways.after[strand]) way.push(planner.strands[strand]);
    return way;
  };

  planner.paintWays = function (t, village, now, plan) {
    t.ctx.lineJoin = t.ctx.lineCap = 'round';
    for (const [state, style] of [[now, EDGE], [plan, EDGE], [plan, planner.WAY_PLAN], [now, planner.WAY_NOW]]) {
      if (state) drawWays(t, village, state, style);
    }
  };
  function drawWays(t, village, state, style) {
    const seen = new Set();
    for (const trip of state.byVillage[village]) {
      const key = trip.school + trip.mode;
      if (trip.school < 0 || seen.has(key)) continue;
      seen.add(key);
      trace(t, village, trip);
      planner.stroke(t.ctx, style.color, style.width, style.dash);
    }
  }
  function trace(t, village, trip) {
    const { villages, schools } = planner.data;
    const way = planner.wayOf(village, trip);
    t.ctx.beginPath();
    if (way) {
      way.forEach(({ points }, n) => {
        for (let i = 0; i < points.length; i += 2) t.ctx[n || i ? 'lineTo' : 'moveTo'](t.x(points[i]), t.y(points[i + 1]));
      });
      return;
    }
    t.ctx.moveTo(t.x(villages.px[2 * village]), t.y(villages.px[2 * village + 1]));
    t.ctx.lineTo(t.x(schools.px[2 * trip.school]), t.y(schools.px[2 * trip.school + 1]));
  }

  planner.paintEnds = function (t, village, now, plan) {
    const { villages } = planner.data;
    if (plan) ringSchools(t, village, plan, planner.WAY_PLAN.color, []);
    if (now) ringSchools(t, village, now, planner.WAY_NOW.color, [5, 4]);
    const x = t.x(villages.px[2 * village]), y = t.y(villages.px[2 * village + 1]);
    planner.shape(t.ctx, 'circle', x, y, 9, '#D55E00', 2.5);
    t.ctx.beginPath();
    t.ctx.arc(x, y, 14, 0, 7);
    planner.stroke(t.ctx, '#D55E00', 3, []);
    planner.paintNames(t, [{ text: planner.nameOf(villages, village), x, y: y - 26, color: '#7a2f00' }]);
  };
  function ringSchools(t, village, state, color, dash) {
    const { schools } = planner.data;
    for (const school of new Set(state.byVillage[village].map((trip) => trip.school))) {
      if (school < 0) continue;
      t.ctx.beginPath();
      t.ctx.arc(t.x(schools.px[2 * school]), t.y(schools.px[2 * school + 1]), dash.length ? 18 : 14, 0, 7);
      planner.stroke(t.ctx, color, 3, dash);
    }
  }

  // everything between a village and its schools
  planner.boundsOfWays = function (village, states) {
    const { data } = planner;
    const bounds = L.latLngBounds([planner.latLng(data.villages, village)]);
    const corner = (x, y) => bounds.extend(L.CRS.EPSG3857.pointToLatLng(L.point(x, y), 0));
    for (const state of states) {
      for (const trip of state.byVillage[village]) {
        if (trip.school < 0) continue;
        bounds.extend(planner.latLng(data.schools, trip.school));
        for (const { box } of planner.wayOf(village, trip) || []) {
          corner(box[0], box[1]);
          corner(box[2], box[3]);
        }
      }
    }
    return bounds;
  };
})(window.planner);
