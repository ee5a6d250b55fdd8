// What happens to one village, in sentences. Names from the data only ever become text nodes.
'use strict';
(function (planner) {
  const { make, say, name } = planner;
  const byId = (id) => document.getElementById(id);
  const MOST = 12;

  planner.showCard = function () {
    const chosen = planner.chosen !== undefined;
    byId('card').hidden = byId('more').hidden = !chosen;
    if (!chosen) return;
    const village = planner.chosen;
    const changes = changesOf(village);
    planner.fill('card', ...card(village, changes));
    planner.fill('others', ...others(village, changes));
    planner.fill('reasons', ...reasons(changes));
    planner.fill('first', ...first(changes));
    planner.showComments();
    planner.fill('paper', ...paper(village));
  };

  const tripsOf = (state, village, band) => planner.data.states[state].byVillage[village].filter((trip) => trip.band === band);
  const served = (trips) => trips.filter((trip) => trip.school >= 0);
  const main = (trips) => served(trips)[0] || trips[0];
  const schoolName = (school) => name(planner.nameOf(planner.data.schools, school));
  const round = Math.round;

  // a sentence with names in it: sentence('{school} opens', {school: node}) keeps names apart from the words around them
  function sentence(key, parts) {
    return say(key).split(/(\{\w+\})/).map((piece) => {
      const found = /^\{(\w+)\}$/.exec(piece);
      return found ? parts[found[1]] : piece;
    });
  }

  // [{ band, before, after, from: schools that pupils leave, to: schools they come to }] for every band with pupils
  function changesOf(village) {
    return planner.data.bands.map((_, band) => {
      const [before, after] = [tripsOf(0, village, band), tripsOf(1, village, band)];
      const [old, fresh] = [before, after].map((trips) => new Set(served(trips).map((trip) => trip.school)));
      return { band, before, after, from: [...old].filter((school) => !fresh.has(school)), to: [...fresh].filter((school) => !old.has(school)) };
    }).filter(({ before, after }) => before.length + after.length);
  }
  planner.leftSchools = (village) => [...new Set(changesOf(village).flatMap((change) => change.from))];

  function card(village, changes) {
    const { villages } = planner.data;
    const other = planner.lang === 'en' ? villages.name[village] : villages.en[village];
    const guess = villages.guess[village];
    const still = changes.every((change) => !change.from.length && !change.to.length);
    return [
      make('h2', '', name(planner.nameOf(villages, village)), other && other !== planner.nameOf(villages, village) && make('small', '', name(other))),
      make('p', 'quiet', name(villages.townships[villages.township[village]])),
      toMap(),
      !changes.length && make('p', 'calm', say('c.no_pupils')),
      changes.length && still && make('p', 'calm', '✓ ', say('c.no_change_here')),
      changes.map(bandBlock),
      changes.length && rides(village) && make('p', 'note', say('c.bus_way')),
      changes.length && make('p', 'note', say('c.ways') + (drawn(village) ? '' : ' ' + say('c.straight'))),
      guess ? make('p', 'note', say('c.guess', { n: (guess / 10).toFixed(1) })) : null,
    ];
  }
  const rides = (village) => planner.data.states.some((state) => state.byVillage[village].some((trip) => trip.mode === 'school_bus'));
  // on a phone the map lies below the sentences
  function toMap() {
    const link = make('a', 'to-map', say('c.to_map'));
    link.href = '#map-title';
    return link;
  }
  const drawn = (village) => planner.data.states.every((state) =>
    served(state.byVillage[village]).every((trip) => planner.wayOf(village, trip)));

  function bandBlock({ band, before, after, from, to }) {
    return make('section', 'band', make('h3', '', planner.bandName(band)),
      make('div', 'line now', make('b', 'when', say('c.now')), make('div', '', before.map((trip) => tell(trip, before, 'now')))),
      make('div', 'line plan', make('b', 'when', say('c.plan')), make('div', '', after.map((trip) => tell(trip, after, planKind(trip, before))))),
      make('p', 'change ' + changeClass(before, after, from, to), describe(before, after, from, to)), badDays(band));
  }
  // what becomes of the way on days when roads are closed, where it is not as on other days
  function badDays(band) {
    const { data, chosen } = planner;
    return data.days.map((day, at) => {
      const [now, plan] = data.states.map((state) => planner.dayStateOf(state, at, chosen, band));
      if (!now && !plan) return null;
      return make('p', 'day' + (plan > now ? ' worse' : ''), planner.sentence('c.day', { day: name(planner.pick(day.slice(1))), a: say('c.day.' + now), b: say('c.day.' + plan) }));
    });
  }
  function planKind(trip, before) {
    if (served(before).some((old) => old.school === trip.school)) return 'plan_same';
    return served(before).length ? 'plan_new' : 'plan_gets';
  }

  // one sentence: the school, by what means and how long, the stop and its time, the bed
  function tell(trip, all, kind) {
    if (trip.school < 0) {
      return make('p', 'told', all.length > 1 && say('c.some'), say(kind === 'now' ? 'c.none_now' : 'c.none_plan'), say('c.stop_mark'));
    }
    const parts = [sentence(kind === 'now' ? 'c.now_at' : 'c.' + kind, { school: schoolName(trip.school) }), way(trip), stay(trip, kind)];
    const text = parts.filter(Boolean).flatMap((part, n) => (n ? [say('c.comma'), part] : [part]));
    return make('div', '', make('p', 'told', all.length > 1 && say('c.some'), text, say('c.stop_mark')), late(trip));
  }
  function way(trip) {
    const minutes = make('b', '', say('c.by.' + trip.mode, { n: round(trip.minutes) }));
    const span = trip.worst > trip.best && trip.mode !== 'home'
      ? make('span', 'span', planner.inBrackets(say('c.span', { a: trip.best, b: trip.worst }))) : null;
    return [minutes, span];
  }
  function stay(trip, kind) {
    if (trip.mode === 'board') {
      const [today, plan] = planner.data.states.map((state) => state.beds[trip.school]);
      return say(kind !== 'now' && plan > today ? 'c.bed_new' : 'c.bed');
    }
    if (trip.mode !== 'school_bus') return say('c.daily');
    const stop = planner.stopOf(planner.chosen, trip, kind);
    const told = stop ? [sentence(stop.walk > 0 ? 'c.stop' : 'c.stop_no_walk', { stop: name(stop.name), time: stop.time, walk: String(stop.walk) }),
      stop.back && say('c.comma') + say('c.back', { time: stop.back })]
      : (kind === 'plan_new' || kind === 'plan_gets') && say('c.no_stop');
    return told ? [told, say('c.comma'), say('c.daily')] : say('c.daily');
  }
  // where and when the school bus stops for a trip; null where no routes are planned yet
  planner.stopOf = function (village, trip, kind) {
    const found = planner.data.stops[kind === 'now' ? 'today' : 'plan'][[village, trip.band, trip.school].join()];
    return found ? { name: planner.pick(found.slice(0, 2)), time: found[2], walk: found[3], back: found[4] } : null;
  };
  function late(trip) {
    if (!trip.cause) return null;
    const limit = trip.limit < Infinity && trip.minutes > trip.limit ? say('c.limit', { n: trip.limit }) : '';
    return make('p', 'late', '⚠ ' + say('c.over', { cause: say('cause.' + planner.data.causes[trip.cause]) }) + limit);
  }

  function changeClass(before, after, from, to) {
    if (!served(after).length && served(before).length) return 'worse';
    if (!from.length && !to.length) return 'calm';
    return 'changed';
  }
  function describe(before, after, from, to) {
    const [a, b] = [main(before), main(after)];
    if (!a || !b || a.school < 0 || b.school < 0) return served(after).length ? '→ ' + say('gets_place') : served(before).length ? '⚠ ' + say('loses_place') : say('c.same');
    const parts = from.length || to.length ? [say('c.changes')] : [];
    if (a.mode !== b.mode) parts.push(b.mode === 'board' ? say('c.to_board') : a.mode === 'board' ? say('c.from_board') : say('c.to_mode', { mode: say('mode.' + b.mode) }));
    const weekly = (trip) => trip.mode === 'board'; // a way made every day and one made every week are not held against each other
    const n = weekly(a) === weekly(b) ? round(mean(after) - mean(before)) : NaN;
    if (n >= 1) parts.push(say('c.longer', { n }));
    else if (n <= -1) parts.push(say('c.shorter', { n: -n }));
    else if (parts.length && !Number.isNaN(n)) parts.push(say('c.as_long'));
    return parts.length ? '→ ' + parts.join(say('c.comma')) : '＝ ' + say('c.same');
  }
  const mean = (trips) => served(trips).reduce((sum, trip) => sum + trip.minutes, 0) / served(trips).length;

  // ---- who else
  function others(village, changes) {
    const { villages, schools, states } = planner.data;
    const left = [...new Set(changes.flatMap((change) => change.from))];
    const reached = [...new Set(changes.flatMap((change) => change.to))];
    if (!left.length && !reached.length) return [];
    const leaving = left.map((school) => {
      const found = villages.id.map((_, i) => i).filter((i) => i !== village && planner.leftSchools(i).includes(school));
      if (!found.length) return make('p', '', sentence('c.others_none', { school: schoolName(school) }));
      const buttons = found.map((i, n) => {
        const button = planner.button('chip', () => planner.openVillage(i, true), name(planner.nameOf(villages, i)));
        return make('li', n < MOST ? '' : 'later', button);
      });
      const list = make('ul', 'chips', buttons);
      const more = found.length > MOST && planner.button('link', (event) => {
        list.classList.add('all');
        event.currentTarget.remove();
      }, say('c.more', { n: found.length - MOST }));
      return [make('p', '', sentence('c.others_leave', { school: schoolName(school), n: String(found.length) })), list, more];
    });
    const receiving = reached.map((school) => make('p', '', sentence('c.receiver',
      { school: schoolName(school), a: count(states[0].pupils[school]), b: count(states[1].pupils[school]) })));
    return [make('h2', '', say('c.others')), leaving, receiving];
  }
  // a count below the least one that is shown travels as -1
  const count = (value) => (value < 0 ? say('c.few', { n: planner.data.least }) : planner.number(value));

  // ---- why
  function reasons(changes) {
    const { data } = planner;
    const left = [...new Set(changes.flatMap((change) => change.from))];
    if (!left.length) return [];
    const items = left.flatMap((school) => {
      const site = { school: schoolName(school) };
      const lost = data.lost[school];
      if (!lost) return [sentence('c.reason_moved', site)];
      const bands = lost.map((band) => planner.bandName(band)).join(planner.lang === 'zh' ? '、' : ', ');
      return [sentence(data.listed.includes(school) ? 'c.reason_listed' : 'c.reason_found', site), sentence('c.reason_reduced', { school: schoolName(school), bands }),
        sentence('c.reason_size', { school: schoolName(school), n: count(data.states[0].pupils[school]) })];
    });
    const [today, plan] = data.states.map((state) => state.figures);
    if (today.at_risk >= 0 && plan.at_risk >= 0) items.push([say('c.reason_county', { a: planner.number(today.at_risk), b: planner.number(plan.at_risk) })]);
    if (today.cost_yuan >= 0 && plan.cost_yuan >= 0) {
      items.push([say('c.reason_cost', { a: planner.number(today.cost_yuan / 10000), b: planner.number(plan.cost_yuan / 10000) })]);
    }
    return [make('h2', '', say('c.reasons')), make('ul', 'plain', items.map((item) => make('li', '', item)))];
  }

  // ---- what must stand first: the findings of the merger gate, rule by rule, the worst of each
  function first(changes) {
    const left = [...new Set(changes.flatMap((change) => change.from))].filter((school) => planner.data.first[school]);
    if (!left.length) return [];
    return [make('h2', '', say('c.first')), left.map((school) => {
      const rules = worstByRule(planner.data.first[school]);
      const open = rules.filter(([verdict]) => verdict !== 'pass');
      const done = rules.filter(([verdict]) => verdict === 'pass');
      const row = ([verdict, zh, en]) => make('li', verdict, make('span', 'sign', planner.sign(verdict)), make('span', '', planner.pick([zh, en])),
        make('small', '', say('c.state.' + verdict)));
      return make('div', 'gate', make('p', '', sentence('c.first_rule', { school: schoolName(school) })),
        make('p', 'sum', say('c.first_count', { n: open.length, m: done.length })), make('ul', 'rules', open.map(row)),
        done.length ? make('details', '', make('summary', '', say('c.first_passed') + planner.inBrackets(done.length)), make('ul', 'rules', done.map(row))) : null);
    })];
  }
  function worstByRule(found) {
    const order = { fail: 0, unknown: 1, pass: 2 };
    const worst = new Map();
    for (const reason of found) {
      const old = worst.get(reason[1]);
      if (!old || order[reason[0]] < order[old[0]]) worst.set(reason[1], reason);
    }
    return [...worst.values()].sort((a, b) => order[a[0]] - order[b[0]]);
  }

  // ---- what only a printed sheet carries
  function paper(village) {
    const { data } = planner;
    const blank = say('c.blank');
    return [make('h2', '', say('c.say')), make('p', '', say('c.stance') + planner.colon(), ['against', 'for', 'question'].map((key) => '☐ ' + say('c.stance.' + key) + '　')),
      make('p', '', say('c.write_here')), make('div', 'ruled'), make('p', '', say('c.sign')),
      make('p', '', sentence('c.hand_in', { office: data.office ? name(data.office) : blank }), '　', say('c.until', { date: data.until || blank })),
      make('p', 'hash', sentence('c.ids', { id: name(data.villages.id[village]), scenario: name(data.scenario), hash: data.plan_hash.slice(0, 16) }))];
  }
  planner.sentence = sentence;
})(window.planner);
