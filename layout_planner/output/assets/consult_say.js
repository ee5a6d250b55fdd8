// Comments: written here, kept in this browser only, exported as files that the bureau imports.
'use strict';
(function (planner) {
  const { make, say, name } = planner;
  const byId = (id) => document.getElementById(id);
  const STANCES = ['against', 'for', 'question'];
  const LONGEST = 2000;
  let memory = [];
  let keeps = true;
  const draft = { stance: '', text: '' };

  const place = () => 'layout-planner.comments.' + planner.data.plan_hash;
  planner.setUpComments = function () {
    try {
      const found = JSON.parse(localStorage.getItem(place()) || '[]');
      memory = Array.isArray(found) ? found.filter((one) => one && typeof one.text === 'string') : [];
    } catch (error) {
      keeps = false;
    }
  };
  function keep() {
    try {
      localStorage.setItem(place(), JSON.stringify(memory));
    } catch (error) {
      keeps = false;
    }
  }

  planner.showComments = function () {
    const { villages } = planner.data;
    const village = planner.chosen;
    const area = document.createElement('textarea');
    area.id = 'comment';
    area.rows = 5;
    area.maxLength = LONGEST;
    area.value = draft.text;
    area.setAttribute('aria-describedby', 'comment-hint');
    area.addEventListener('input', () => { draft.text = area.value; });
    const label = make('label', '', say('c.text'));
    label.htmlFor = 'comment';
    const hint = make('p', 'quiet', say('c.text_hint'));
    hint.id = 'comment-hint';
    const told = make('p', 'told-status');
    told.id = 'comment-status';
    told.setAttribute('role', 'status');
    planner.fill('say', make('h2', '', say('c.say')), make('p', '', planner.sentence('c.say_about', { village: name(planner.nameOf(villages, village)) })),
      make('fieldset', 'stances', make('legend', '', say('c.stance')), STANCES.map((stance) => planner.choice('radio', 'stance', draft.stance === stance,
        () => { draft.stance = stance; }, say('c.stance.' + stance)))),
      label, area, hint, make('div', 'actions', planner.button('strong', save, say('c.save')), planner.button('', () => window.print(), say('c.print'))), told,
      make('p', 'quiet', planner.sentence('c.hand_in', { office: planner.data.office ? name(planner.data.office) : say('c.blank') }),
        planner.data.until ? ' · ' + say('c.until', { date: planner.data.until }) : ''),
      make('div', '', listKept()));
  };

  function save() {
    const text = draft.text.trim();
    if (!text || !draft.stance) {
      tell('c.need');
      (draft.stance ? byId('comment') : byId('say').querySelector('input')).focus();
      return;
    }
    const { data, chosen } = planner;
    memory.push({ schema: 1, id: newId(), settlement_id: data.villages.id[chosen], settlement: data.villages.name[chosen],
      township: data.villages.townships[data.villages.township[chosen]], scenario: data.scenario, plan_hash: data.plan_hash,
      school_ids: planner.leftSchools(chosen).map((school) => data.schools.id[school]), stance: draft.stance, text, lang: planner.lang, written_on: today() });
    draft.text = draft.stance = '';
    keep();
    planner.showComments();
    tell(keeps ? 'c.saved' : 'c.unkept');
  }
  function tell(key) {
    byId('comment-status').textContent = '';
    byId('comment-status').textContent = say(key);
  }
  function today() {
    const now = new Date();
    return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
  }
  const newId = () => [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

  function listKept() {
    if (!memory.length) return [];
    return [make('h3', '', say('c.kept') + planner.inBrackets(memory.length)), make('ul', 'kept', memory.map((comment, at) => {
      const out = planner.button('', () => download(comment), say('c.export'));
      const away = planner.button('', () => {
        memory.splice(at, 1);
        keep();
        planner.showComments();
        tell('c.deleted');
      }, say('c.delete'));
      for (const button of [out, away]) button.setAttribute('aria-label', button.textContent + planner.inBrackets(comment.settlement));
      return make('li', '', make('p', '', make('b', '', say('c.stance.' + comment.stance)), ' · ', name(comment.settlement), ' · ', comment.written_on),
        make('p', 'words', name(comment.text)), make('div', 'actions', out, away));
    })), memory.length > 1 && make('div', 'actions', planner.button('', () => download(memory, 'all'), say('c.export_all')))];
  }
  function download(content, called) {
    const one = called ? { settlement_id: called, id: today() } : content;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1)], { type: 'application/json' }));
    link.download = 'comment-' + one.settlement_id.replace(/[^\w-]+/g, '_').slice(0, 40) + '-' + one.id + '.json';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
})(window.planner);
