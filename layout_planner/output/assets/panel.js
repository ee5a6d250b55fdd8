// The panel beside the map: what is shown, the figures, the mergers, the legend and the sources.
'use strict';
(function (planner) {
  const { make, say, name } = planner;
  const byId = (id) => document.getElementById(id);

  planner.setUpPanel = function () {
    planner.setUpFind();
    byId('legend').open = !window.matchMedia('(max-width: 760px)').matches;
  };
  planner.stateLabel = (number) => planner.stateLabelShort(number);
  planner.stateLabelShort = function (number) {
    if (!number) return say('now');
    return planner.data.kind === 'run' ? say('plan') : planner.stateName(planner.data.states[number]);
  };

  planner.showPanel = function () {
    if (!byId('find').value) byId('find-status').textContent = say('find_hint');
    byId('find-clear').setAttribute('aria-label', say('clear'));
    byId('hits').setAttribute('aria-label', say('find'));
    byId('views').classList.toggle('many', planner.data.kind === 'compare');
    planner.showCard();
    planner.fill('summary', planner.data.kind === 'run' ? figures() : compareTable());
    planner.fill('mergers', mergers());
    planner.fill('foot', foot());
  };

  planner.showViews = function () {
    const { mode, from, to } = planner.view;
    const run = planner.data.kind === 'run';
    const radio = (checked, view, label) => planner.choice('radio', 'view', checked, () => planner.show(view), label);
    const held = document.activeElement && document.activeElement.name === 'view';
    const choices = run
      ? [radio(mode === 'from', { mode: 'from' }, say('now')), radio(mode === 'to', { mode: 'to' }, say('plan'))]
      : planner.data.states.map((_, number) => radio(mode === 'to' && to === number, { mode: 'to', to: number, from: 0 }, planner.stateLabel(number)));
    choices.push(radio(mode === 'swipe', run ? { mode: 'swipe' } : { mode: 'swipe', from, to: to === from ? 1 : to }, say('swipe')));
    planner.fill('view-choices', choices);
    if (held) byId('view-choices').querySelector('input:checked').focus();
    showYears();
    const picks = byId('swipe-choices');
    picks.hidden = run || mode !== 'swipe';
    if (!picks.hidden) planner.fill('swipe-choices', side('left', 'from'), side('right', 'to'));
  };

  // plans of several years in their order; only where there is more than one year
  function showYears() {
    const plans = planner.data.states.map((state, number) => ({ number, year: state.year })).slice(1).sort((a, b) => a.year - b.year || a.number - b.number);
    const box = byId('years');
    box.hidden = new Set(plans.map((plan) => plan.year)).size < 2;
    if (box.hidden) return;
    const at = Math.max(0, plans.findIndex((plan) => plan.number === planner.view.to));
    const slider = document.createElement('input');
    slider.type = 'range';
    slider.id = 'year';
    Object.assign(slider, { min: 0, max: plans.length - 1, step: 1, value: at });
    const told = make('output', '', plans[at].year + ' · ', name(planner.stateName(planner.data.states[plans[at].number])));
    slider.setAttribute('aria-valuetext', told.textContent);
    slider.addEventListener('input', () => {
      planner.show({ to: plans[slider.value].number, mode: planner.view.mode === 'swipe' ? 'swipe' : 'to', from: planner.view.from });
      byId('year').focus();
    });
    planner.fill('years', make('label', 'side', say('years'), slider), told);
  }

  function side(word, key) {
    const select = document.createElement('select');
    planner.data.states.forEach((_, number) => select.append(new Option(planner.stateLabel(number), number)));
    select.value = planner.view[key];
    select.addEventListener('change', () => planner.show({ [key]: Number(select.value) }));
    return make('label', 'side', say(word), select);
  }

  // ---- figures
  const SHOWN = [['at_risk', 'persons', 0], ['worst_minutes', 'min', 0], ['mean_minutes', 'min', 1], ['sites_open', 'schools', 0],
    ['new_beds', 'beds', 0], ['cost_yuan', 'yuan', 0]];
  const LESS_IS_BETTER = ['at_risk', 'worst_minutes', 'mean_minutes'];
  const shownValue = (key, value, digits) => value < 0 ? '—' : planner.number(key === 'cost_yuan' ? value / 10000 : value, digits);

  function figures() {
    const [today, plan] = planner.data.states.map((state) => state.figures);
    return [make('h2', '', say('summary')), make('div', 'figures', SHOWN.map(([key, unit, digits]) => {
      const [a, b] = [shownValue(key, today[key], digits), shownValue(key, plan[key], digits)];
      const judged = LESS_IS_BETTER.includes(key) && a !== b;
      const mark = judged ? (plan[key] < today[key] ? 'better' : 'worse') : '';
      return make('div', 'figure ' + mark,
        make('span', 'figure-name', say('figure.' + key), say('unit.' + unit) && make('small', '', ' · ' + say('unit.' + unit))),
        make('span', 'figure-value', key !== 'new_beds' && make('span', 'figure-old', a + ' → '), make('b', '', b), mark && make('small', 'figure-mark', mark === 'better' ? ' ▼' : ' ▲')));
    }))];
  }

  function compareTable() {
    const { states } = planner.data;
    const verdictRow = make('tr', '', make('th', '', say('gate')), states.map((state) => make('td', '', state.verdict
      ? make('span', 'chip chip-' + state.verdict, planner.sign(state.verdict) + ' ' + say('verdict.' + state.verdict)) : '—')));
    const rows = [...SHOWN, ['boarders', 'persons', 0], ['buses', 'vehicles', 0], ['unserved', 'persons', 0]].map(([key, unit, digits]) =>
      make('tr', '', make('th', '', say('figure.' + key), say('unit.' + unit) && make('small', '', ' ' + say('unit.' + unit))),
        states.map((state) => make('td', '', shownValue(key, state.figures[key], digits)))));
    const table = make('table', 'runs', make('thead', '', make('tr', '', make('td', ''), states.map((state) => make('th', '', name(planner.stateName(state)))))),
      make('tbody', '', verdictRow, rows));
    return [make('h2', '', say('scenarios')), planner.scroller(table)];
  }

  // ---- mergers
  function mergers() {
    const { data } = planner;
    const title = make('h2', '', say('mergers'), data.kind === 'run' && data.mergers.length ? make('small', '', String(data.mergers.length)) : null);
    if (!data.mergers.length) return [title, make('p', 'quiet', say('no_mergers'))];
    const runs = data.states.map((_, number) => number).filter((number) => number > 0);
    return [title, runs.map((number) => {
      const own = data.mergers.filter((merger) => merger.state === number);
      const list = make('ul', 'mergers', own.map(mergerItem));
      if (data.kind === 'run') return list;
      return make('details', 'run-mergers', make('summary', '', name(planner.stateName(data.states[number])), make('small', '', String(own.length))), list);
    })];
  }

  function mergerItem(merger) {
    const { schools, states } = planner.data;
    const status = planner.STATUS[states[merger.state].status[merger.school]];
    const go = planner.button('link', () => {
      if (planner.view.mode !== 'swipe') planner.show({ mode: 'to', to: merger.state });
      planner.openSchool(merger.school, true);
    }, swatch(...planner.SITES[status] || planner.SITES.closed), name(planner.nameOf(schools, merger.school)));
    return make('li', '', make('div', 'merger-head', go,
      make('span', 'chip chip-' + merger.verdict, planner.sign(merger.verdict) + ' ' + say('verdict.' + merger.verdict))),
    merger.reasons.length ? make('details', '', make('summary', '', say('reasons'), ' (' + merger.reasons.length + ')'),
      make('ul', 'reasons', merger.reasons.map(([verdict, zh, en]) => make('li', verdict, make('b', '', planner.sign(verdict) + ' '),
        name(planner.pick([zh, en])))))) : null);
  }

  // ---- legend: rows exist only for what the shown states hold, and only while their layer is on
  function swatch(kind, color, size) {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 44;
    canvas.className = 'swatch';
    const ctx = canvas.getContext('2d');
    ctx.scale(2, 2);
    planner.shape(ctx, kind, 11, 11, size || 6, color, 1.2);
    return canvas;
  }
  function lineSwatch(style) {
    const canvas = document.createElement('canvas');
    canvas.width = 60;
    canvas.height = 44;
    canvas.className = 'swatch wide';
    const ctx = canvas.getContext('2d');
    ctx.scale(2, 2);
    for (const [color, extra] of [[style.casing, 1.6], [style.color, 0]]) {
      if (!color) continue;
      ctx.beginPath();
      ctx.moveTo(1, 11);
      ctx.lineTo(29, 11);
      planner.stroke(ctx, color, (style.width || 1.6) + extra, style.dash || []);
    }
    return canvas;
  }
  const row = (picture, ...words) => make('li', '', picture, make('span', '', ...words));

  function layer(key, on, toggle, rows) {
    const box = planner.choice('checkbox', 'layer-' + key, on, (checked) => {
      toggle(checked);
      planner.repaint('base', 'from', 'to');
      planner.showLegend();
      const again = byId('legend-body').querySelector('[name="layer-' + key + '"]');
      if (again) again.focus();
    }, say('layer.' + key));
    box.classList.add('layer');
    return make('section', '', box, on && rows.length ? make('ul', 'rows', rows) : null);
  }

  planner.showLegend = function () {
    if (!planner.view) return;
    const { shown, data } = planner;
    const { mode, from, to } = planner.view;
    const states = (mode === 'from' ? [from] : mode === 'to' ? [to] : [from, to]).map((number) => data.states[number]);
    const set = (key) => (checked) => { shown[key] = checked; };
    planner.fill('legend-body',
      themeChoice(),
      shown.theme !== 'risk' ? make('ul', 'rows', planner.themeRows(states, shown).map(([kind, color, words]) => row(swatch(kind, color), words))) : [
        layer('risk', shown.risk, set('risk'), riskRows(states)),
        layer('safe', shown.safe, set('safe'), [row(swatch(...planner.SAFE, 5), say('legend.safe'))])],
      layer('schools', shown.schools, set('schools'), schoolRows(states)),
      shown.schools ? layer('labels', shown.labels, set('labels'), []) : null,
      hasBeds(states) ? layer('beds', shown.beds, set('beds'), planner.bedSwatches(barSwatch).map(([picture, key]) => row(picture, say(key)))) : null,
      linesLayer(states),
      planner.hasBuses(states) ? layer('buses', shown.buses, set('buses'), [row(lineSwatch(planner.BUS), say('legend.bus_route')),
        row(swatch('square', '#ffd9a8', 4.2), say('legend.bus_stop'))]) : null,
      data.venues ? layer('venues', shown.venues, set('venues'), planner.venueRows().map(([kind, color, words]) => row(swatch(kind, color), words))) : null,
      planner.tiles ? layer('tiles', planner.base.bare, planner.showTiles, []) : null,
      planner.relief ? layer('relief', planner.relief.options.opacity > 0, (checked) => planner.relief.setOpacity(checked ? 0.62 : 0), []) : null,
      planner.base.water.length ? layer('water', planner.base.waterShown, (checked) => { planner.base.waterShown = checked; }, []) : null,
      layer('roads', planner.base.shown, (checked) => { planner.base.shown = checked; }, [...mendedRows(states), ...roadRows()]));
  };

  // which of the things known of a village decides how it looks
  function themeChoice() {
    const select = document.createElement('select');
    select.id = 'theme';
    planner.themes().forEach((theme) => select.append(new Option(planner.themeName(theme), theme)));
    select.value = planner.shown.theme;
    select.addEventListener('change', () => {
      planner.shown.theme = select.value;
      planner.repaint('from', 'to');
      planner.showLegend();
      byId('theme').focus();
    });
    return make('section', '', make('label', 'side', say('theme'), select));
  }
  const hasBeds = (states) => states.some((state) => state.beds.some((beds) => beds > 0));
  function barSwatch(paint) {
    const canvas = document.createElement('canvas');
    canvas.width = 76;
    canvas.height = 44;
    canvas.className = 'swatch bar-swatch';
    const ctx = canvas.getContext('2d');
    ctx.scale(2, 2);
    paint(ctx);
    return canvas;
  }
  function riskRows(states) {
    const found = new Set();
    let severe = false;
    for (const state of states) state.cause.forEach((cause, i) => { if (cause) found.add(cause); severe = severe || state.severe[i] > 0; });
    const rows = [...found].sort().map((cause) => row(swatch(...planner.CAUSES[data(cause)]), say('cause.' + data(cause))));
    return severe ? rows.concat(make('li', 'quiet', say('legend.severe'))) : rows;
  }
  const data = (cause) => planner.data.causes[cause];
  function schoolRows(states) {
    const found = new Set(states.flatMap((state) => state.status.map((status) => planner.STATUS[status])));
    return ['open', 'kept', 'reduced', 'closed', 'opened'].filter((status) => found.has(status))
      .map((status) => row(swatch(...planner.SITES[status]), say('status.' + status)));
  }
  function linesLayer(states) {
    const { bands } = planner.shown;
    const on = bands.some(Boolean);
    const boxes = planner.data.bands.map((_, band) => make('li', '', planner.choice('checkbox', 'band-' + band, bands[band], (checked) => {
      bands[band] = checked;
      planner.repaint('from', 'to');
      planner.showLegend();
      byId('legend-body').querySelector('[name="band-' + band + '"]').focus();
    }, planner.bandName(band))));
    const modes = new Set();
    states.forEach((state) => state.byVillage.forEach((trips) => trips.forEach((trip) => {
      if (trip.school >= 0 && bands[trip.band]) modes.add(trip.mode);
    })));
    return make('section', '', make('p', 'layer-title', say('layer.lines')), make('ul', 'rows boxes', boxes),
      on ? make('ul', 'rows', Object.keys(planner.MODES).filter((mode) => modes.has(mode)).map((mode) => row(lineSwatch(planner.MODES[mode]), say('mode.' + mode)))) : null);
  }
  function mendedRows(states) {
    const found = new Map(states.flatMap((state) => state.mended).map((road) => [planner.pick(road) + road[2], road]));
    return [...found.values()].map((road) => row(lineSwatch(planner.MENDED[planner.mendedKind(road)]),
      say('road.' + planner.mendedKind(road)), planner.colon(), name(planner.pick(road))));
  }
  function roadRows() {
    const groups = planner.base.roads.map(([group]) => group).reverse();
    return groups.map((group) => row(lineSwatch(planner.ROADS[group]), say('road.' + group)))
      .concat(planner.base.boundary.length ? row(lineSwatch({ color: '#8a8272', dash: [8, 4, 2, 4] }), say('boundary')) : []);
  }

  // ---- sources
  function foot() {
    const { data } = planner;
    return [make('p', 'internal', say('internal_long')), make('h2', '', say('sources')),
      make('ul', '', data.sources.map(([role, file, rows]) => make('li', '', say('role.' + role).replace(/^role\./, ''), planner.colon(), name(file), ' (' + planner.number(rows) + ' ' + say('rows') + ')'))),
      make('p', '', say('norms') + planner.colon(), name(planner.pick(data.norms))),
      data.osm ? make('p', '', say('osm')) : null, make('p', '', say('review'))];
  }
})(window.planner);
