// The consultation page: the map, the way of the chosen village, languages, type size, printing.
'use strict';
(function (planner) {
  const { make, say } = planner;
  planner.STATUS = ['none', 'open', 'kept', 'closed', 'reduced', 'opened'];
  const byId = (id) => document.getElementById(id);
  const fields = {};

  planner.startConsultation = function (map) {
    planner.load();
    planner.map = map;
    const { data } = planner;
    planner.base = { roads: data.roads.map(([group, lines]) => [group, planner.decodeLines(lines)]),
      boundary: planner.decodeLines(data.boundary), water: planner.decodeLines(data.water), shown: true };
    planner.loadWays();
    useTimetables();
    map.attributionControl.setPrefix(false);
    map.attributionControl.addAttribution(data.osm ? '© OpenStreetMap contributors (ODbL)' : '');
    L.control.zoom({ position: 'bottomright', zoomInTitle: '+', zoomOutTitle: '−' }).addTo(map);
    L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
    planner.addRelief(map);
    addField('base', 350, (t) => { planner.paintBase(t, planner.base); planner.paintMended(t, data.states[1]); });
    addField('ways', 400, drawChosen(planner.paintWays));
    addField('places', 410, paintPlaces);
    addField('chosen', 420, drawChosen(planner.paintEnds));
    map.fitBounds(everything(), { animate: false, padding: [20, 20] });
    for (const name in fields) fields[name].addTo(map);
    map.on('click', hit);
    new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(map.getContainer());
    const bar = document.querySelector('.bar');
    new ResizeObserver(() => document.documentElement.style.setProperty('--bar', bar.offsetHeight + 'px')).observe(bar);
    planner.setUpFind();
    planner.setUpComments();
    byId('language').addEventListener('click', () => setLanguage(planner.lang === 'zh' ? 'en' : 'zh'));
    byId('big').addEventListener('click', () => setBig(byId('big').getAttribute('aria-pressed') !== 'true'));
    window.addEventListener('beforeprint', () => onPaper(true));
    window.addEventListener('afterprint', () => onPaper(false));
    setLanguage(planner.lang);
    openAsked();
    window.addEventListener('hashchange', openAsked);
    window.__ready = { n: data.villages.id.length };
  };

  // consult.html#ID opens at a village, so that a link or a code on paper can lead to it
  function openAsked() {
    let asked = location.hash.slice(1);
    try { asked = decodeURIComponent(asked); } catch (error) { return; }
    const village = planner.data.villages.id.indexOf(asked);
    if (asked && village >= 0) planner.openVillage(village);
  }

  // where the runs of the school bus are planned, their minutes replace the estimate
  function useTimetables() {
    ['today', 'plan'].forEach((when, number) => planner.data.states[number].byVillage.forEach((trips) => trips.forEach((trip) => {
      const found = trip.mode === 'school_bus' && planner.data.stops[when][[trip.village, trip.band, trip.school].join()];
      if (!found || found[5] < 0) return;
      trip.minutes = found[5];
      trip.best = trip.worst = 0; // a timetable has no range
    })));
  }

  function addField(name, zIndex, painter) {
    planner.map.createPane(name).style.zIndex = zIndex;
    planner.map.getPane(name).style.pointerEvents = 'none';
    fields[name] = new planner.Field({ pane: name, padding: 0.12 }).paintWith(painter);
  }
  const repaint = (...names) => (names.length ? names : Object.keys(fields)).forEach((name) => fields[name].repaint());

  function everything() {
    const bounds = L.latLngBounds([]);
    const { villages, schools } = planner.data;
    for (const table of [villages, schools]) for (let i = 0; i < table.id.length; i++) bounds.extend(planner.latLng(table, i));
    return bounds.isValid() ? bounds : L.latLngBounds([[25, 104], [29, 109]]);
  }

  // ---- what is drawn
  const statusOf = (school) => planner.STATUS[planner.data.states[1].status[school]];
  const known = (school) => statusOf(school) !== 'none' || planner.data.states[0].status[school];
  function paintPlaces(t) {
    const { villages, schools } = planner.data;
    const names = [], taken = [];
    const r = Math.max(2.2, Math.min(6, (t.zoom - 7) * 1.1));
    for (let i = 0; i < villages.id.length; i++) {
      const x = t.x(villages.px[2 * i]), y = t.y(villages.px[2 * i + 1]);
      if (!t.sees(x, y, 12)) continue;
      planner.shape(t.ctx, 'circle', x, y, r, '#ffffff', 1.4);
      taken.push([x - r, y - r, x + r, y + r]);
    }
    const grow = Math.max(0.8, Math.min(1.4, (t.zoom - 6) / 4.5));
    for (let i = 0; i < schools.id.length; i++) {
      const x = t.x(schools.px[2 * i]), y = t.y(schools.px[2 * i + 1]);
      if (!known(i) || !t.sees(x, y, 60)) continue;
      const [kind, color] = mark(i);
      planner.shape(t.ctx, kind, x, y, 7 * grow, color, 1.5);
      taken.push([x - 9, y - 9, x + 9, y + 9]);
      names.push({ text: planner.nameOf(schools, i), x, y: y + 9 * grow + 9, color: statusOf(i) === 'closed' ? '#7a1f00' : '#1f2933', near: near(i) });
    }
    const own = names.filter((name) => name.near);
    const free = t.zoom >= 12 ? taken : []; // from afar symbols stand too close for names between them
    const boxes = []; // the schools of the chosen village are named whatever lies there
    planner.paintNames(t, own, boxes);
    free.push(...boxes);
    planner.paintNames(t, names.filter((name) => !name.near), free);
    if (t.zoom >= 12) paintVillageNames(t, free);
  }
  function paintVillageNames(t, taken) {
    const { villages } = planner.data;
    const names = [];
    for (let i = 0; i < villages.id.length; i++) {
      const x = t.x(villages.px[2 * i]), y = t.y(villages.px[2 * i + 1]);
      if (t.sees(x, y, 10) && i !== planner.chosen) names.push({ text: planner.nameOf(villages, i), x, y: y - 16, color: '#4a5862' });
    }
    planner.paintNames(t, names.slice(0, 400), taken);
  }
  const mark = (school) => planner.SITES[statusOf(school)] || planner.SITES.open;
  const near = (school) => planner.chosen !== undefined
    && planner.data.states.some((state) => state.byVillage[planner.chosen].some((trip) => trip.school === school));

  const drawChosen = (paint) => (t) => planner.chosen !== undefined && paint(t, planner.chosen, ...planner.data.states);

  // ---- choosing
  function hit(event) {
    let best = null;
    const { villages } = planner.data;
    for (let i = 0; i < villages.id.length; i++) {
      const distance = planner.map.latLngToContainerPoint(planner.latLng(villages, i)).distanceTo(event.containerPoint);
      if (distance <= 22 && (!best || distance < best.distance)) best = { distance, i };
    }
    if (best) planner.openVillage(best.i);
  }
  planner.openVillage = function (village, focus) {
    planner.chosen = village;
    byId('find').value = planner.nameOf(planner.data.villages, village);
    byId('find-clear').hidden = false;
    byId('find-status').textContent = '';
    byId('lead').hidden = true;
    planner.showCard();
    showWay();
    repaint('ways', 'places', 'chosen');
    if (focus) byId('card').focus();
  };
  planner.forget = function () {
    planner.chosen = undefined;
    byId('lead').hidden = false;
    planner.showCard();
    repaint('ways', 'places', 'chosen');
  };
  function showWay() {
    const bounds = planner.boundsOfWays(planner.chosen, planner.data.states);
    planner.map.fitBounds(bounds, { maxZoom: 15, animate: false, padding: [44, 44] });
  }

  // ---- language, type, paper
  function setLanguage(lang) {
    const { data } = planner;
    planner.lang = lang;
    document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';
    document.querySelectorAll('[data-word]').forEach((element) => { element.textContent = say(element.dataset.word); });
    document.title = planner.pick(data.title) + ' · ' + say('c.title');
    planner.fill('title', planner.name(planner.pick(data.title)));
    byId('subtitle').textContent = say('c.title') + ' · ' + say('year', { year: data.year });
    planner.fill('draft', say('c.draft'), data.until && make('span', '', say('c.until', { date: data.until })));
    byId('language').textContent = say('c.other_language');
    byId('language').lang = lang === 'zh' ? 'en' : 'zh-CN';
    setBig(byId('big').getAttribute('aria-pressed') === 'true');
    planner.map.getContainer().setAttribute('aria-label', say('c.map_label'));
    byId('find-clear').setAttribute('aria-label', say('clear'));
    byId('hits').setAttribute('aria-label', say('c.find'));
    if (planner.chosen === undefined) byId('find-status').textContent = say('c.find_hint');
    else byId('find').value = planner.nameOf(data.villages, planner.chosen);
    planner.showCard();
    showKeys();
    planner.fill('foot', foot());
    repaint();
  }
  planner.setLanguage = setLanguage;
  function setBig(big) {
    document.documentElement.dataset.big = big ? 'yes' : 'no';
    byId('big').setAttribute('aria-pressed', String(big));
    byId('big').textContent = say('c.big');
  }
  // the map is drawn anew at the size it has on an A4 sheet, and with the whole way in view
  function onPaper(paper) {
    document.documentElement.dataset.paper = paper ? 'yes' : 'no';
    planner.map.invalidateSize({ animate: false });
    if (paper && planner.chosen !== undefined) showWay();
    repaint();
  }

  function swatch(paint, width) {
    const canvas = document.createElement('canvas');
    canvas.width = width * 2;
    canvas.height = 44;
    canvas.style.width = width + 'px';
    canvas.className = 'swatch';
    canvas.setAttribute('aria-hidden', 'true');
    const ctx = canvas.getContext('2d');
    ctx.scale(2, 2);
    paint(ctx);
    return canvas;
  }
  const symbol = (kind, color) => swatch((ctx) => planner.shape(ctx, kind, 11, 11, 6.5, color, 1.3), 22);
  const line = (style) => swatch((ctx) => {
    ctx.beginPath();
    ctx.moveTo(2, 11);
    ctx.lineTo(38, 11);
    planner.stroke(ctx, style.color, style.width * 0.8, style.dash || []);
  }, 40);
  function showKeys() {
    const found = new Set(planner.data.schools.id.map((_, i) => statusOf(i)));
    const row = (picture, key) => make('li', '', picture, make('span', '', say('c.key.' + key)));
    planner.fill('keys', row(line(planner.WAY_NOW), 'now'), row(line(planner.WAY_PLAN), 'plan'), row(symbol('circle', '#ffffff'), 'village'),
      row(symbol(...planner.SITES.kept), 'school'),
      ['closed', 'reduced', 'opened'].filter((status) => found.has(status)).map((status) => row(symbol(...planner.SITES[status]), status)),
      ['mended', 'built'].filter((kind) => planner.data.states[1].mended.some((road) => planner.mendedKind(road) === kind))
        .map((kind) => row(line(planner.MENDED[kind]), kind)));
  }
  function foot() {
    const { data } = planner;
    return [make('h2', '', say('c.about')), make('p', '', say('c.privacy', { n: data.least })), make('p', '', say('c.offline')),
      make('p', '', say('c.estimate')), make('p', '', say('norms') + planner.colon(), planner.name(planner.pick(data.norms))),
      data.osm && make('p', '', say('osm')), make('p', '', say('review')),
      make('p', 'hash', say('c.ids', { id: '—', scenario: data.scenario, hash: data.plan_hash.slice(0, 16) }))];
  }
})(window.planner);
