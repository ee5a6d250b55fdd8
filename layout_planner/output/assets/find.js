// "Find my village": an ARIA combobox over hanzi, pinyin, initials, English and id.
'use strict';
(function (planner) {
  const MOST = 30;
  const byId = (id) => document.getElementById(id);
  const plain = (text) => text.normalize('NFKC').toLowerCase().replace(/[\s'’-]+/g, '');
  let keys = [];
  let hits = [];
  let active = -1;

  planner.setUpFind = function () {
    const v = planner.data.villages;
    keys = v.id.map((id, i) => [plain(v.name[i]), v.pinyin[i], v.initials[i], plain(v.en[i]), plain(id), plain(v.townships[v.township[i]])]);
    const input = byId('find');
    input.addEventListener('input', () => search(input.value));
    input.addEventListener('focus', () => input.value && planner.chosen === undefined && search(input.value));
    input.addEventListener('keydown', onKey);
    input.addEventListener('blur', () => setTimeout(close, 150));
    byId('find-clear').addEventListener('click', () => {
      input.value = '';
      close();
      byId('find-clear').hidden = true;
      byId('find-status').textContent = planner.say('find_hint');
      planner.forget();
      input.focus();
    });
    byId('hits').addEventListener('pointerdown', (event) => {
      const option = event.target.closest('[role=option]');
      event.preventDefault();
      if (option) choose(Number(option.dataset.at));
    });
  };

  // 0 is the best: the name itself, then beginnings, then parts; -1 is no match
  function rank(key, wanted) {
    if (key[0] === wanted) return 0;
    for (let at = 0; at < 5; at++) if (key[at] && key[at].startsWith(wanted)) return 1 + at;
    if (key[0].includes(wanted)) return 6;
    if (wanted.length > 2 && (key[1].includes(wanted) || key[3].includes(wanted))) return 7;
    if (wanted.length > 1 && (key[2].includes(wanted) || key[4].includes(wanted))) return 8;
    return key[5] && key[5].startsWith(wanted) ? 9 : -1;
  }

  function search(text) {
    const wanted = plain(text);
    byId('find-clear').hidden = !text;
    hits = [];
    if (!wanted) return close();
    keys.forEach((key, i) => {
      const order = rank(key, wanted);
      if (order >= 0) hits.push([order, i]);
    });
    hits.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const all = hits.length;
    hits = hits.slice(0, MOST).map((hit) => hit[1]);
    show(hits.length ? 0 : -1);
    const said = all > MOST ? planner.say('more_hits') : all ? all + ' ' + planner.say('hits') : planner.say('no_hits');
    byId('find-status').textContent = said;
  }

  function show(at) {
    const { villages } = planner.data;
    active = at;
    planner.fill('hits', hits.map((i, n) => {
      const english = planner.lang === 'en' ? villages.name[i] : villages.en[i];
      const option = planner.make('li', n === active ? 'hit active' : 'hit', planner.name(planner.nameOf(villages, i)),
        planner.make('small', '', planner.name(villages.townships[villages.township[i]]), ' ',
          english && planner.nameOf(villages, i) !== english && planner.name(english)));
      option.id = 'hit-' + n;
      option.dataset.at = n;
      option.setAttribute('role', 'option');
      option.setAttribute('aria-selected', String(n === active));
      return option;
    })).hidden = !hits.length;
    const input = byId('find');
    input.setAttribute('aria-expanded', String(hits.length > 0));
    if (active >= 0) input.setAttribute('aria-activedescendant', 'hit-' + active);
    else input.removeAttribute('aria-activedescendant');
    const option = active >= 0 && byId('hit-' + active);
    if (option) option.scrollIntoView({ block: 'nearest' });
  }

  function close() {
    hits = [];
    show(-1);
  }

  function choose(at) {
    const village = hits[at];
    if (village === undefined) return;
    byId('find').value = planner.nameOf(planner.data.villages, village);
    byId('find-clear').hidden = false;
    byId('find-status').textContent = '';
    close();
    planner.openVillage(village);
  }

  function onKey(event) {
    if (event.isComposing) return;
    if (event.key === 'Escape') close();
    else if (event.key === 'Enter') choose(active);
    else if (event.key === 'ArrowDown' && !hits.length) search(byId('find').value);
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (hits.length) show((active + (event.key === 'ArrowDown' ? 1 : hits.length - 1)) % hits.length);
    } else return;
    event.preventDefault();
  }
})(window.planner);
