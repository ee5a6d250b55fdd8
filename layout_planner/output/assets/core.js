// Data, words and small helpers. Names from the data only ever become text nodes.
'use strict';
window.planner = {};
(function (planner) {
  const FIELDS = 11; // numbers a trip, in the order that map_data writes them

  planner.load = function () {
    const data = JSON.parse(document.getElementById('planner-data').textContent);
    planner.data = data;
    planner.lang = data.lang;
    data.villages.px = project(data.villages);
    data.schools.px = project(data.schools);
    data.states.forEach(readTrips);
  };

  // world pixels at zoom 0, so that drawing needs one multiplication and one subtraction
  planner.worldPoint = (x, y) => L.CRS.EPSG3857.latLngToPoint(L.latLng(y / 1e5, x / 1e5), 0);
  planner.latLng = (table, i) => L.latLng(table.y[i] / 1e5, table.x[i] / 1e5);

  function project(table) {
    const out = new Float64Array(table.x.length * 2);
    for (let i = 0; i < table.x.length; i++) {
      const point = planner.worldPoint(table.x[i], table.y[i]);
      out[2 * i] = point.x;
      out[2 * i + 1] = point.y;
    }
    return out;
  }

  function readTrips(state) {
    const count = planner.data.villages.id.length;
    state.byVillage = Array.from({ length: count }, () => []);
    state.cause = new Uint8Array(count);
    state.severe = new Uint8Array(count);
    for (let at = 0; at < state.trips.length; at += FIELDS) {
      const [village, band, school, mode, pupils, tenths, limit, hundreds, cause, best, worst] = state.trips.slice(at, at + FIELDS);
      const trip = { village, band, school, pupils, cause, mode: planner.data.modes[mode], minutes: tenths < 0 ? Infinity : tenths / 10,
        limit: limit < 0 ? Infinity : limit, km: hundreds < 0 ? Infinity : hundreds / 10, best, worst };
      state.byVillage[village].push(trip);
      if (!cause) continue;
      const severe = trip.minutes === Infinity || trip.minutes > trip.limit * 1.5;
      if (!state.cause[village] || (severe && !state.severe[village])) state.cause[village] = cause;
      if (severe) state.severe[village] = 1;
    }
  }

  planner.pick = (pair) => (planner.lang === 'zh' ? pair[0] : pair[1]) || pair[0] || pair[1];
  planner.say = function (key, parts) {
    let text = (planner.data.words[key] || [key, key])[planner.lang === 'zh' ? 0 : 1];
    for (const name in parts || {}) text = text.split('{' + name + '}').join(parts[name]);
    return text;
  };
  planner.colon = () => (planner.lang === 'zh' ? '：' : ': ');
  planner.inBrackets = (text) => (planner.lang === 'zh' ? '（' + text + '）' : ' (' + text + ')');
  planner.bandName = (band) => planner.pick(planner.data.bands[band].slice(1));
  planner.stateName = (state) => (state.title ? planner.pick(state.title) : planner.say('now'));
  planner.nameOf = function (table, i) {
    const english = planner.lang === 'en' && table.en[i];
    return english || table.name[i] || table.id[i];
  };

  // how many pupils a village has: a count, or in a public map its size class
  planner.pupilsOf = ({ villages, sizes }, i) => (sizes ? planner.pick(sizes[villages.size[i]]) : villages.pupils[i] + ' ' + planner.say('pupils'));

  // make('p', 'class', child, ...): strings become text, arrays are flattened, falsy children are left out
  planner.make = function (tag, className, ...children) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    children.flat(4).forEach((child) => child && element.append(child));
    return element;
  };
  // what may be wider than the page can be scrolled by keyboard too
  planner.scroller = function (...children) {
    const box = planner.make('div', 'scroll', ...children);
    box.tabIndex = 0;
    return box;
  };
  // a name in its own direction, so that marks inside it cannot turn the words around it
  planner.name = (text) => planner.make('bdi', 'name', text);
  planner.fill = (id, ...children) => {
    const element = document.getElementById(id);
    element.replaceChildren(...children.flat(4).filter(Boolean));
    return element;
  };
  planner.button = function (className, action, ...children) {
    const element = planner.make('button', className, ...children);
    element.type = 'button';
    element.addEventListener('click', action);
    return element;
  };
  planner.choice = function (type, name, checked, action, ...label) {
    const input = document.createElement('input');
    input.type = type;
    input.name = name;
    input.checked = checked;
    input.addEventListener('change', () => action(input.checked));
    return planner.make('label', 'choice', input, planner.make('span', '', ...label));
  };

  planner.number = (value, digits) => value.toLocaleString('en-US', { maximumFractionDigits: digits || 0 });
  // "35 min (28–46)": as expected, and from a good to a slow day
  planner.minutes = (trip) => (trip.minutes === Infinity ? '—' : Math.round(trip.minutes) + ' ' + planner.say('minutes')
    + (trip.worst > trip.best ? planner.inBrackets(trip.best + '–' + trip.worst) : ''));
  planner.sign = (verdict) => ({ pass: '✓', fail: '✗', unknown: '?' })[verdict];
})(window.planner);
