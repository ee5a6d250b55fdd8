// The map itself: panes, the choice of what is shown, swipe, clicks and popups.
'use strict';
(function (planner) {
  const { make, say } = planner;
  planner.STATUS = ['none', 'open', 'kept', 'closed', 'reduced', 'opened'];
  const byId = (id) => document.getElementById(id);
  const fields = {};
  const FIELDS = ['base', 'from', 'to', 'ways', 'ends'];

  planner.start = function (map) {
    planner.load();
    planner.map = map;
    document.documentElement.dataset.kind = planner.data.kind;
    const data = planner.data;
    // from, to: the two states of swipe and of a village's ways; view: from | to | swipe
    planner.view = { mode: 'to', from: 0, to: 1 };
    planner.shown = { theme: 'risk', risk: true, safe: true, schools: true, labels: true, beds: false, venues: false, buses: false, bands: data.bands.map((_, band) => band === 0) };
    planner.base = { roads: data.roads.map(([group, lines]) => [group, planner.decodeLines(lines)]),
      boundary: planner.decodeLines(data.boundary), water: planner.decodeLines(data.water), waterShown: true, shown: true };
    planner.loadWays();
    map.attributionControl.setPrefix(false);
    map.attributionControl.addAttribution(data.osm ? '© OpenStreetMap contributors (ODbL)' : '');
    L.control.zoom({ position: 'bottomleft', zoomInTitle: '+', zoomOutTitle: '−' }).addTo(map);
    L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
    planner.addRelief(map);
    planner.addTiles(map);
    addField('base', 350, (t) => planner.paintBase(t, planner.base));
    // what is not shown is not painted
    addField('from', 410, (t) => planner.view.mode !== 'to' && planner.paintState(t, data.states[planner.view.from], planner.shown));
    addField('to', 411, (t) => planner.view.mode !== 'from' && planner.paintState(t, data.states[planner.view.to], planner.shown));
    addField('ways', 405, (t) => paintChosen(t, planner.paintWays));
    addField('ends', 420, (t) => paintChosen(t, planner.paintEnds));
    map.fitBounds(extent(), { animate: false, padding: [46, 40] });
    for (const name of FIELDS) fields[name].addTo(map);
    map.on('move zoom resize zoomend moveend', clip);
    map.on('click', (event) => hit(event));
    map.on('popupopen', () => { planner.popupOpen = true; });
    map.on('popupclose', () => { planner.popupOpen = false; });
    byId('swipe').addEventListener('input', clip);
    byId('language').addEventListener('click', () => setLanguage(planner.lang === 'zh' ? 'en' : 'zh'));
    new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(map.getContainer());
    planner.setUpPanel();
    setLanguage(planner.lang);
    window.__ready = { n: data.villages.id.length };
  };

  function addField(name, zIndex, painter) {
    planner.map.createPane(name).style.zIndex = zIndex;
    planner.map.getPane(name).style.pointerEvents = 'none';
    fields[name] = new planner.Field({ pane: name, padding: 0.12 }).paintWith(painter);
  }

  function extent() {
    const bounds = L.latLngBounds([]);
    const { villages, schools } = planner.data;
    for (const table of [villages, schools]) for (let i = 0; i < table.id.length; i++) bounds.extend(planner.latLng(table, i));
    return bounds.isValid() ? bounds : L.latLngBounds([[25, 104], [29, 109]]);
  }

  function paintChosen(t, paint) {
    if (planner.chosen === undefined) return;
    const { mode, from, to } = planner.view;
    const states = planner.data.states;
    paint(t, planner.chosen, mode === 'to' && from === to ? null : states[from], states[to]);
  }

  planner.repaint = (...names) => (names.length ? names : FIELDS).forEach((name) => fields[name].repaint());

  planner.show = function (view) {
    Object.assign(planner.view, view);
    const swipe = planner.view.mode === 'swipe';
    planner.map.getPane('from').style.display = planner.view.mode === 'to' ? 'none' : '';
    planner.map.getPane('to').style.display = planner.view.mode === 'from' ? 'none' : '';
    for (const id of ['swipe', 'divider', 'tag-left', 'tag-right']) byId(id).hidden = !swipe;
    byId('tag-left').textContent = planner.stateLabel(planner.view.from);
    byId('tag-right').textContent = planner.stateLabel(planner.view.to);
    planner.repaint('from', 'to', 'ways', 'ends');
    clip();
    planner.showViews();
    planner.showLegend();
  };

  // Leaflet panes have no size of their own, so the two halves are cut with rectangles in layer coordinates
  function clip() {
    const size = planner.map.getSize();
    const thumb = 22;
    const at = thumb + ((size.x - 2 * thumb) * byId('swipe').value) / 100;
    const swipe = planner.view.mode === 'swipe';
    const a = planner.map.containerPointToLayerPoint([0, 0]);
    const b = planner.map.containerPointToLayerPoint([at, size.y]);
    const c = planner.map.containerPointToLayerPoint([size.x, size.y]);
    planner.map.getPane('from').style.clip = swipe ? `rect(${a.y}px,${b.x}px,${c.y}px,${a.x}px)` : '';
    planner.map.getPane('to').style.clip = swipe ? `rect(${a.y}px,${c.x}px,${c.y}px,${b.x}px)` : '';
    byId('divider').style.left = at + 'px';
    planner.splitAt = at;
  }

  planner.stateAt = function (x) {
    const { mode, from, to } = planner.view;
    return mode === 'from' || (mode === 'swipe' && x < planner.splitAt) ? from : to;
  };

  // the nearest village or school within a finger's width of the click
  function hit(event) {
    const number = planner.stateAt(event.containerPoint.x);
    const state = planner.data.states[number];
    let best = null;
    const look = (table, shows, reach, open) => {
      for (let i = 0; i < table.x.length; i++) {
        if (!shows(i)) continue;
        const point = planner.map.latLngToContainerPoint(planner.latLng(table, i));
        const distance = point.distanceTo(event.containerPoint);
        if (distance <= reach && (!best || distance < best.distance)) best = { distance, open: () => open(i) };
      }
    };
    look(planner.data.schools, (i) => planner.shown.schools && state.status[i], 16, (i) => planner.openSchool(i));
    const seen = (i) => planner.shown.theme !== 'risk' || (state.cause[i] ? planner.shown.risk : planner.shown.safe);
    look(planner.data.villages, seen, 16, (i) => planner.openVillage(i, true));
    if (planner.shown.venues) look(planner.data.venues, () => true, 10, (i) => popup(planner.latLng(planner.data.venues, i), planner.venueFacts(i)));
    if (planner.shown.buses && state.bus) {
      const stops = { x: state.bus.stops.map((stop) => stop[0]), y: state.bus.stops.map((stop) => stop[1]) };
      look(stops, () => true, 9, (i) => popup(planner.latLng(stops, i), planner.stopFacts(state, i)));
    }
    if (best) best.open();
  }

  planner.openVillage = function (village, stay) {
    planner.chosen = village;
    planner.chosenSchool = undefined;
    planner.repaint('ways', 'ends');
    planner.showCard();
    const at = planner.latLng(planner.data.villages, village);
    if (!stay) planner.map.fitBounds(waysOf(village).pad(0.3), { maxZoom: 14, animate: false });
    if ((stay || roomy()) && planner.view.mode !== 'swipe') popup(at, planner.villageFacts(village), 335);
    else planner.map.closePopup();
  };
  planner.openSchool = function (school, move) {
    planner.chosenSchool = school;
    const at = planner.latLng(planner.data.schools, school);
    if (move) planner.map.setView(at, Math.max(planner.map.getZoom(), 12), { animate: !calm() });
    popup(at, planner.schoolFacts(school));
  };
  planner.forget = function () {
    planner.chosen = planner.chosenSchool = undefined;
    planner.map.closePopup();
    planner.repaint('ways', 'ends');
    planner.showCard();
  };

  const waysOf = (village) => planner.boundsOfWays(village, [planner.view.from, planner.view.to].map((number) => planner.data.states[number]));
  function popup(at, content, least) {
    const width = Math.min(370, planner.map.getSize().x - 60);
    L.popup({ maxWidth: width, minWidth: Math.min(least || 230, width), maxHeight: Math.max(140, planner.map.getSize().y - 120),
      autoPanPaddingTopLeft: [10, 56] }).setLatLng(at).setContent(content).openOn(planner.map);
  }
  // on a phone the card below the map says it all; a popup would cover the two ways
  const roomy = () => planner.map.getSize().y > 480;
  const calm = () => window.matchMedia('(prefers-reduced-motion: reduce)').matches;

  function setLanguage(lang) {
    const data = planner.data;
    planner.lang = lang;
    document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';
    document.querySelectorAll('[data-word]').forEach((element) => { element.textContent = say(element.dataset.word); });
    const title = data.kind === 'run' ? planner.pick(data.title) : say('scenarios');
    document.title = title;
    planner.fill('title', planner.name(title));
    byId('subtitle').textContent = say('year', { year: data.year }) + ' · ' + planner.pick(data.norms);
    byId('language').textContent = say('other_language');
    byId('language').lang = lang === 'zh' ? 'en' : 'zh-CN';
    byId('swipe').setAttribute('aria-label', say('swipe_help'));
    planner.map.getContainer().setAttribute('aria-label', say('map_label'));
    const verdict = byId('verdict');
    verdict.hidden = data.kind !== 'run';
    verdict.className = 'chip chip-' + data.verdict;
    verdict.textContent = planner.sign(data.verdict) + ' ' + say('gate') + planner.colon() + say('verdict.' + data.verdict);
    verdict.title = say('gate.' + data.verdict);
    planner.showPanel();
    planner.show({});
    if (planner.chosen !== undefined) { if (planner.popupOpen) planner.openVillage(planner.chosen, true); }
    else if (planner.popupOpen && planner.chosenSchool !== undefined) planner.openSchool(planner.chosenSchool);
    planner.repaint();
  }
  planner.setLanguage = setLanguage;
  planner.make = make;
})(window.planner);
