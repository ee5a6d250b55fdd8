// What a planner can lay over the map: villages by minutes, mode or bad day, beds, venues, relief; and the full row of a place.
'use strict';
(function (planner) {
  const { make, say } = planner;
  const STEPS = [[15, 'circle', '#ffffcc'], [30, 'circle', '#a1dab4'], [45, 'circle', '#41b6c4'], [60, 'circle', '#2c7fb8'],
    [90, 'diamond', '#253494'], [Infinity, 'diamond', '#54004f']];
  const WEEKLY = ['square', '#d9c7e0'];
  const NOWHERE = ['cross', '#000000'];
  const BY_MODE = { walk: ['circle', '#7fb2cf'], bus: ['diamond', '#00736b'], school_bus: ['triangle', '#e08214'], board: ['square', '#7b3f8c'],
    home: ['hexagon', '#cc79a7'], unserved: NOWHERE };
  const BY_DAY = [['circle', '#e3e7ea'], ['circle', '#f0e442'], ['triangle', '#d55e00'], NOWHERE];
  const VENUES = { too_near: ['wedge', '#d55e00'], check: ['wedge', '#f0e442'], '': ['wedge', '#ffffff'] };
  const BED = '#009e73', NO_BED = '#d55e00';

  // ---- themes: how a village looks under each of them; null where it has no pupils of the bands shown
  const shownTrips = function (state, village, shown) {
    const some = shown.bands.some(Boolean);
    return state.byVillage[village].filter((trip) => !some || shown.bands[trip.band]);
  };
  const most = (trips) => trips.reduce((best, trip) => (best && best.pupils >= trip.pupils ? best : trip), null);
  const worse = (a, b) => (b.minutes > a.minutes ? b : a);

  function byMinutes(trips) {
    const daily = trips.filter((trip) => trip.mode !== 'board');
    if (!daily.length) return ['weekly', WEEKLY];
    const trip = daily.reduce(worse);
    if (trip.minutes === Infinity) return ['none', NOWHERE];
    const step = STEPS.findIndex(([limit]) => trip.minutes <= limit);
    return [step, STEPS[step].slice(1)];
  }
  function byMode(trips) {
    const { mode } = most(trips);
    return [mode, BY_MODE[mode] || NOWHERE];
  }
  planner.lookOf = function (state, village, shown) {
    const trips = shownTrips(state, village, shown);
    if (!trips.length) return null;
    if (shown.theme === 'minutes') return byMinutes(trips);
    if (shown.theme === 'mode') return byMode(trips);
    const found = dayStates(state, Number(shown.theme.slice(4)));
    const worst = Math.max(...trips.map((trip) => found.get(village + ',' + trip.band) || 0));
    return [worst, BY_DAY[worst]];
  };
  function dayStates(state, day) {
    state.dayMaps = state.dayMaps || state.days.map((numbers) => {
      const found = new Map();
      for (let at = 0; at < numbers.length; at += 3) {
        const key = numbers[at] + ',' + numbers[at + 1];
        found.set(key, Math.max(found.get(key) || 0, numbers[at + 2]));
      }
      return found;
    });
    return state.dayMaps[day];
  }
  planner.dayStateOf = (state, day, village, band) => dayStates(state, day).get(village + ',' + band) || 0;

  planner.paintTheme = function (t, state, shown) {
    const { px, id } = planner.data.villages;
    const last = [];
    for (let i = 0; i < id.length; i++) {
      const x = t.x(px[2 * i]), y = t.y(px[2 * i + 1]);
      if (!t.sees(x, y, 12)) continue;
      const look = planner.lookOf(state, i, shown);
      if (!look) continue;
      if (look[1][0] === 'circle') planner.shape(t.ctx, ...look[1].slice(0, 1), x, y, planner.villageRadius(i, t.zoom) + 0.6, look[1][1], 0.9);
      else last.push([i, x, y, look[1]]);
    }
    for (const [i, x, y, [kind, color]] of last) planner.shape(t.ctx, kind, x, y, planner.villageRadius(i, t.zoom) + 1.4, color, 1.1);
  };

  // rows of the legend: [shape, colour, words] of what the shown states hold
  planner.themeRows = function (states, shown) {
    const found = new Map();
    for (const state of states) {
      for (let i = 0; i < planner.data.villages.id.length; i++) {
        const look = planner.lookOf(state, i, shown);
        if (look) found.set(look[0], look[1]);
      }
    }
    const order = shown.theme === 'minutes' ? [0, 1, 2, 3, 4, 5, 'weekly', 'none'] : shown.theme === 'mode' ? Object.keys(BY_MODE) : [0, 1, 2, 3];
    return order.filter((key) => found.has(key)).map((key) => [...found.get(key), nameLook(key, shown.theme)]);
  };
  function nameLook(key, theme) {
    if (theme === 'mode') return say('mode.' + key);
    if (theme !== 'minutes') return say('day_state.' + key);
    if (key === 'weekly') return say('mode.board');
    if (key === 'none') return say('mode.unserved');
    const from = key ? STEPS[key - 1][0] : 0;
    return STEPS[key][0] === Infinity ? say('minutes_over', { n: from }) : say('minutes_to', { a: from, b: STEPS[key][0] });
  }
  planner.themes = () => ['risk', 'minutes', 'mode', ...planner.data.days.map((_, day) => 'day-' + day)];
  planner.themeName = function (theme) {
    const day = /^day-(\d+)$/.exec(theme);
    return day ? planner.pick(planner.data.days[Number(day[1])].slice(1)) : say('theme.' + theme);
  };

  // ---- beds: a bar under the school, filled as far as they are taken; a thick edge where some are still to be built
  planner.paintBeds = function (t, state) {
    const { schools, states } = planner.data;
    for (let i = 0; i < schools.id.length; i++) {
      if (state.beds[i] <= 0 && state.boarders[i] <= 0) continue;
      const x = t.x(schools.px[2 * i]), y = t.y(schools.px[2 * i + 1]);
      if (t.sees(x, y, 40)) bedBar(t.ctx, x - 17, y - 19, state.boarders[i], state.beds[i], state.beds[i] > states[0].beds[i]);
    }
  };
  function bedBar(ctx, x, y, boarders, beds, isNew) {
    const [width, height] = [34, 9];
    ctx.fillStyle = '#ffffff';
    ctx.fillRect(x, y, width, height);
    ctx.fillStyle = boarders > beds ? NO_BED : BED;
    ctx.fillRect(x, y, width * Math.max(0, Math.min(1, beds ? boarders / beds : 1)), height);
    ctx.lineWidth = isNew ? 3 : 1.2;
    ctx.strokeStyle = '#1f2933';
    ctx.strokeRect(x, y, width, height);
  }
  planner.bedSwatches = (draw) => [[draw((ctx) => bedBar(ctx, 2, 6, 5, 9, false)), 'legend.beds'], [draw((ctx) => bedBar(ctx, 2, 6, 5, 9, true)), 'legend.beds_new'],
    [draw((ctx) => bedBar(ctx, 2, 6, 9, 5, false)), 'legend.beds_short']];

  // ---- venues
  planner.paintVenues = function (t) {
    const { venues } = planner.data;
    venues.px = venues.px || venues.x.map((x, i) => planner.worldPoint(x, venues.y[i]));
    for (let i = 0; i < venues.x.length; i++) {
      const x = t.x(venues.px[i].x), y = t.y(venues.px[i].y);
      const [kind, color] = VENUES[venues.state[i]];
      if (t.sees(x, y, 12)) planner.shape(t.ctx, kind, x, y, 4.4, color, 1.1);
    }
  };
  planner.venueRows = () => ['too_near', 'check', ''].filter((state) => planner.data.venues.state.includes(state))
    .map((state) => [...VENUES[state], say('venue.' + (state || 'far'))]);
  planner.venueFacts = function (i) {
    const { venues } = planner.data;
    return make('div', 'pop', make('h2', '', planner.name(venues.name[i] || planner.pick(venues.kinds[venues.kind[i]]))),
      make('p', '', planner.pick(venues.kinds[venues.kind[i]]), ' · ', say('venue.' + (venues.state[i] || 'far'))));
  };

  // ---- school buses: the morning's routes and stops of a state
  const BUS = { color: '#b35900', width: 3.2, dash: [] };
  planner.BUS = BUS;
  planner.hasBuses = (states) => states.some((state) => state.bus);
  planner.paintBuses = function (t, state) {
    const { bus } = state;
    if (!bus) return;
    bus.decoded = bus.decoded || planner.decodeLines(bus.lines);
    bus.px = bus.px || bus.stops.map(([x, y]) => planner.worldPoint(x, y));
    t.ctx.lineJoin = t.ctx.lineCap = 'round';
    planner.traceLines(t, bus.decoded);
    planner.stroke(t.ctx, '#ffffff', BUS.width + 2.4, []);
    planner.traceLines(t, bus.decoded);
    planner.stroke(t.ctx, BUS.color, BUS.width, []);
    bus.px.forEach((point) => {
      const x = t.x(point.x), y = t.y(point.y);
      if (t.sees(x, y, 12)) planner.shape(t.ctx, 'square', x, y, t.zoom < 11 ? 2.6 : 4.2, '#ffd9a8', 1.2);
    });
  };
  const riders = (count) => (count < 0 ? null : ' · ' + say('bus.riders', { n: count }));
  planner.stopFacts = function (state, i) {
    const [, , zh, en, time, count, route] = state.bus.stops[i];
    const [school, run, bus, seats, all, starts, ends, km, longest] = state.bus.routes[route];
    return make('div', 'pop', make('h2', '', planner.name(planner.pick([zh, en]))),
      make('p', '', make('b', '', time), ' → ', planner.name(planner.nameOf(planner.data.schools, school)), ' ' + ends, riders(count)),
      make('p', 'quiet', say('bus.route', { bus, run, seats, starts, km, longest }), riders(all)));
  };

  // ---- relief: multiplied with what lies under it, so that its white stays paper
  planner.addRelief = function (map) {
    const { relief } = planner.data;
    if (!relief) return;
    map.createPane('relief').style.zIndex = 355;
    map.getPane('relief').style.mixBlendMode = 'multiply';
    map.getPane('relief').style.pointerEvents = 'none';
    const [west, south, east, north] = relief.bounds;
    planner.relief = L.imageOverlay(relief.image, [[south, west], [north, east]], { pane: 'relief', opacity: 0.62, alt: '' }).addTo(map);
  };

  // ---- the full row of a place, and of every trip of a village
  planner.fullRow = function (table, i, village) {
    const rows = planner.data.rows[table];
    if (!rows.length) return null;
    const place = planner.data[table];
    const lines = [[say('row.id'), place.id[i]], [say('row.place'), (place.y[i] / 1e5).toFixed(5) + ', ' + (place.x[i] / 1e5).toFixed(5)],
      ...rows.map(([zh, en, values]) => [planner.pick([zh, en]), values[i] === null ? '—' : String(values[i])])];
    const body = lines.map(([head, value]) => make('tr', '', make('th', '', head), make('td', '', planner.name(value))));
    return make('details', 'full', make('summary', '', say('row.full')), make('table', '', make('tbody', '', body)), village ? tripTable(i) : null);
  };
  function tripTable(village) {
    const heads = ['row.state', 'grade', 'school', 'row.mode', 'pupils_unit', 'minutes', 'row.ends', 'limit', 'km', 'why'];
    const rows = planner.data.states.flatMap((state, number) => state.byVillage[village].map((trip) => [number ? planner.stateLabelShort(number) : say('now'),
      planner.bandName(trip.band), trip.school < 0 ? '—' : planner.nameOf(planner.data.schools, trip.school), say('mode.' + trip.mode), trip.pupils,
      trip.minutes === Infinity ? '—' : trip.minutes, trip.best < 0 ? '—' : trip.best + '–' + trip.worst, trip.limit === Infinity ? '—' : trip.limit,
      trip.km === Infinity ? '—' : trip.km, trip.cause ? say('cause.' + planner.data.causes[trip.cause]) : '']));
    return planner.scroller(make('table', '', make('thead', '', make('tr', '', heads.map((key) => make('th', '', say(key))))),
      make('tbody', '', rows.map((row) => make('tr', '', row.map((cell) => make('td', '', planner.name(String(cell)))))))));
  }
})(window.planner);
