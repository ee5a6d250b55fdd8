// A small map with a panel: a choice of views, each with lines, points, a table and perhaps a height profile.
'use strict';
(function (planner) {
  const { make, say } = planner;
  const byId = (id) => document.getElementById(id);
  const both = (pair) => planner.pick(pair);
  const SVG = 'http://www.w3.org/2000/svg';
  let current = 0, base, fields = {};

  planner.startSketch = function (map) {
    const data = JSON.parse(byId('planner-data').textContent);
    Object.assign(planner, { data, lang: data.lang, map });
    base = { roads: data.roads.map(([group, lines]) => [group, planner.decodeLines(lines)]), boundary: planner.decodeLines(data.boundary), shown: true };
    for (const view of data.views) {
      view.drawn = view.strokes.map(([color, width, dash, lines]) => ({ color, width, dash, lines: planner.decodeLines(lines) }));
      view.at = view.dots.map(([x, y]) => planner.worldPoint(x, y));
    }
    map.attributionControl.setPrefix(false);
    map.attributionControl.addAttribution(data.osm ? '© OpenStreetMap contributors (ODbL)' : '');
    L.control.zoom({ position: 'bottomleft', zoomInTitle: '+', zoomOutTitle: '−' }).addTo(map);
    L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
    addField('base', 350, (t) => planner.paintBase(t, base));
    addField('view', 410, paintView);
    map.fitBounds(extent(data.views[0]), { animate: false, padding: [46, 46] });
    for (const name in fields) fields[name].addTo(map);
    map.on('click', hit);
    byId('language').addEventListener('click', () => setLanguage(planner.lang === 'zh' ? 'en' : 'zh'));
    new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(map.getContainer());
    setLanguage(planner.lang);
    window.__ready = { n: data.views.length };
  };

  function addField(name, zIndex, painter) {
    planner.map.createPane(name).style.zIndex = zIndex;
    planner.map.getPane(name).style.pointerEvents = 'none';
    fields[name] = new planner.Field({ pane: name, padding: 0.12 }).paintWith(painter);
  }
  function extent(view) {
    const bounds = L.latLngBounds([]);
    for (const [x, y] of view.dots) bounds.extend(L.latLng(y / 1e5, x / 1e5));
    for (const [, , , lines] of view.strokes) for (const steps of lines) {
      let x = 0, y = 0;
      for (let i = 0; i < steps.length; i += 2) bounds.extend(L.latLng((y += steps[i + 1]) / 1e5, (x += steps[i]) / 1e5));
    }
    return bounds.isValid() ? bounds.pad(0.05) : L.latLngBounds([[25, 104], [29, 109]]);
  }

  function paintView(t) {
    const view = planner.data.views[current];
    t.ctx.lineJoin = t.ctx.lineCap = 'round';
    for (const casing of [true, false]) for (const stroke of view.drawn) {
      planner.traceLines(t, stroke.lines);
      planner.stroke(t.ctx, casing ? '#ffffffdd' : stroke.color, stroke.width + (casing ? 4 : 0), casing ? [] : stroke.dash);
    }
    view.dots.forEach(([, , kind, color, size], i) => {
      const x = t.x(view.at[i].x), y = t.y(view.at[i].y);
      if (t.sees(x, y, 60)) planner.shape(t.ctx, kind, x, y, size, color, 1.2);
    });
    const labels = view.dots.map((dot, i) => ({ text: both(dot[6]), size: dot[4], at: view.at[i], wanted: dot[5] })).filter((label) => label.wanted);
    planner.paintNames(t, labels.map((label) => ({ text: label.text, x: t.x(label.at.x), y: t.y(label.at.y) + label.size + 10 })));
  }

  function hit(event) {
    const view = planner.data.views[current];
    let best = null;
    view.dots.forEach(([x, y], i) => {
      const distance = planner.map.latLngToContainerPoint(L.latLng(y / 1e5, x / 1e5)).distanceTo(event.containerPoint);
      if (distance <= 16 && (!best || distance < best.distance)) best = { distance, i };
    });
    if (!best) return;
    const [x, y, , , , , name, facts] = view.dots[best.i];
    const content = make('div', 'pop', make('h2', '', planner.name(both(name))), facts.map((fact) => make('p', '', both(fact))));
    L.popup({ maxWidth: 320 }).setLatLng(L.latLng(y / 1e5, x / 1e5)).setContent(content).openOn(planner.map);
  }

  function show(index) {
    current = index;
    const view = planner.data.views[index];
    planner.map.closePopup();
    fields.view.repaint();
    planner.fill('lead', both(view.lead));
    planner.fill('keys', view.keys.map(([kind, color, zh, en]) => make('li', '', swatch(kind, color), make('span', '', both([zh, en])))));
    planner.fill('sheet', view.sheet && table(view.sheet));
    planner.fill('notes', view.notes.map((note) => make('p', '', both(note))));
    byId('profile').hidden = view.profile.length < 2;
    planner.fill('profile', view.profile.length > 1 && profile(view.profile));
  }

  function table({ heads, rows, numeric }) {
    const side = (i) => (numeric.includes(i) ? 'n' : '');
    return make('table', 'sheet-table',
      make('thead', '', make('tr', '', heads.map((head, i) => make('th', side(i), both(head))))),
      make('tbody', '', rows.map((row) => make('tr', '', row.map((cell, i) => make('td', side(i), planner.name(both(cell))))))));
  }

  function swatch(kind, color) {
    const canvas = make('canvas', 'swatch');
    canvas.width = canvas.height = 44;
    const ctx = canvas.getContext('2d');
    ctx.scale(2, 2);
    if (kind.startsWith('line')) {
      ctx.beginPath(); ctx.moveTo(1, 11); ctx.lineTo(21, 11);
      planner.stroke(ctx, color, 5, kind === 'line-dashed' ? [4, 4] : []);
    } else planner.shape(ctx, kind, 11, 11, 6, color, 1);
    return canvas;
  }

  // heights along the way: an area, its highest and lowest figures, kilometres below
  function profile(points) {
    const [width, height, left, bottom, top] = [430, 150, 58, 24, 14];
    const far = points[points.length - 1][0] || 1;
    const heights = points.map((point) => point[1]);
    const low = Math.min(...heights), high = Math.max(...heights), span = Math.max(high - low, 20);
    const x = (m) => left + (m / far) * (width - left - 8);
    const y = (h) => height - bottom - ((h - low) / span) * (height - bottom - top);
    const svg = element('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': say('profile') });
    const trace = points.map(([m, h], i) => `${i ? 'L' : 'M'}${x(m).toFixed(1)} ${y(h).toFixed(1)}`).join('');
    svg.append(element('path', { d: `${trace}L${x(far)} ${height - bottom}L${left} ${height - bottom}Z`, fill: '#dce9e0' }),
      element('path', { d: trace, fill: 'none', stroke: '#2c6e49', 'stroke-width': 2.5, 'stroke-linejoin': 'round' }));
    for (const level of high - low < 1 ? [low] : [low, high]) {
      svg.append(element('line', { x1: left, x2: width - 8, y1: y(level), y2: y(level), stroke: '#b8c2c9', 'stroke-dasharray': '3 4' }),
        text(left - 6, y(level) + 5, `${Math.round(level)} m`, 'end'));
    }
    svg.append(text(left, height - 6, '0', 'start'), text(width - 8, height - 6, `${(far / 1000).toFixed(1)} ${say('km')}`, 'end'));
    return [svg, make('figcaption', '', say('profile'))];
  }
  function element(tag, attributes) {
    const made = document.createElementNS(SVG, tag);
    for (const name in attributes) made.setAttribute(name, attributes[name]);
    return made;
  }
  function text(x, y, words, anchor) {
    const made = element('text', { x, y, 'text-anchor': anchor, 'font-size': 13, fill: '#55626d' });
    made.textContent = words;
    return made;
  }

  function setLanguage(lang) {
    const data = planner.data;
    planner.lang = lang;
    document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';
    document.querySelectorAll('[data-word]').forEach((node) => { node.textContent = say(node.dataset.word); });
    document.title = both(data.title);
    planner.fill('title', planner.name(both(data.title)));
    byId('subtitle').textContent = both(data.subtitle);
    byId('language').textContent = say('other_language');
    byId('language').lang = lang === 'zh' ? 'en' : 'zh-CN';
    planner.map.getContainer().setAttribute('aria-label', say('map_label'));
    byId('views').hidden = data.views.length < 2;
    planner.fill('view-choices', data.views.map((view, i) => planner.choice('radio', 'view', i === current, () => {
      show(i);
      planner.map.fitBounds(extent(view), { animate: false, padding: [46, 46] });
    }, both(view.label))));
    planner.fill('foot', make('p', 'internal', say('internal_long')), data.osm && make('p', '', say('osm')));
    show(current);
  }
})(window.planner);
