// What happens to one village or one school, in words.
'use strict';
(function (planner) {
  const { make, say, name } = planner;

  planner.showCard = function () {
    const card = document.getElementById('card');
    card.hidden = planner.chosen === undefined;
    if (!card.hidden) card.replaceChildren(...villageCard(planner.chosen));
  };

  // plans that a village is told about: the one plan, or every run of a comparison
  const plans = () => planner.data.states.map((_, number) => number).filter((number) => number > 0);

  function heading(table, i, tag) {
    const other = planner.lang === 'en' ? table.name[i] : table.en[i];
    const shown = planner.nameOf(table, i);
    return make(tag, '', name(shown), other && other !== shown && make('small', '', name(other)));
  }

  function villageCard(village) {
    const { villages } = planner.data;
    const bands = bandsOf(village);
    const close = planner.button('close', () => planner.forget(), '×');
    close.setAttribute('aria-label', say('close'));
    return [
      close,
      heading(villages, village, 'h2'),
      make('p', 'quiet', name(villages.townships[villages.township[village]]), ' · ', planner.pupilsOf(planner.data, village), ' · ',
        name(villages.id[village])),
      ...guessLine(village),
      ...(bands.length ? bands.map((band) => bandBlock(village, band)) : [make('p', '', say('no_pupils'))]),
      make('p', 'quiet key', make('span', 'key-now'), say('way_now'), make('span', 'key-plan'), say('way_plan')),
      make('p', 'quiet', say(planner.strands.length ? 'along' : 'straight')),
      planner.fullRow('villages', village, true),
    ];
  }

  // no road is mapped to this village: how much of every way is guessed
  function guessLine(village) {
    const hundreds = planner.data.villages.guess[village];
    return hundreds ? [make('p', 'guess', say('guess', { n: (hundreds / 10).toFixed(1) }))] : [];
  }

  function tripsOf(number, village, band) {
    return planner.data.states[number].byVillage[village].filter((trip) => trip.band === band);
  }
  function bandsOf(village) {
    return planner.data.bands.map((_, band) => band)
      .filter((band) => planner.data.states.some((_, number) => tripsOf(number, village, band).length));
  }

  function bandBlock(village, band) {
    const before = tripsOf(0, village, band);
    const pupils = before.concat().reduce((sum, trip) => sum + trip.pupils, 0);
    const compare = planner.data.kind === 'compare';
    const rows = [stateRow(say('school_now'), before, 'row-now')];
    for (const number of plans()) {
      const after = tripsOf(number, village, band);
      const label = compare ? name(planner.stateName(planner.data.states[number])) : say('school_plan');
      rows.push(stateRow(label, after, 'row-plan'), make('p', 'change', describeChange(before, after)));
    }
    return make('section', 'band', make('h3', '', planner.bandName(band), !planner.data.sizes && make('small', '', pupils + ' ' + say('pupils_unit'))), rows);
  }

  function stateRow(label, trips, className) {
    return make('div', 'way ' + className, make('span', 'way-label', label), make('div', '', trips.map((trip) => tripLine(trip, trips.length > 1 && !planner.data.sizes))));
  }

  function tripLine(trip, split) {
    const served = trip.school >= 0;
    const facts = served ? [make('b', 'minutes', planner.minutes(trip)), ' · ' + say('mode.' + trip.mode),
      trip.mode === 'board' && planner.inBrackets(say('weekly')), trip.km < Infinity && ' · ' + trip.km.toFixed(1) + ' ' + say('km'),
      split && ' · ' + trip.pupils + ' ' + say('pupils_unit')] : [split && trip.pupils + ' ' + say('pupils_unit')];
    return make('div', 'trip',
      make('div', 'trip-school', served ? name(planner.nameOf(planner.data.schools, trip.school)) : say('no_school')),
      make('div', 'trip-facts', facts), trip.cause ? riskLine(trip) : null);
  }

  function riskLine(trip) {
    const limit = trip.limit < Infinity && trip.minutes > trip.limit 
      ? planner.inBrackets(say('limit') + ' ' + trip.limit + ' ' + say('minutes')) : '';
    return make('div', 'risk', '⚠ ' + say('at_risk') + planner.colon() + say('cause.' + planner.data.causes[trip.cause]) + limit);
  }

  function mean(trips) {
    const pupils = trips.reduce((sum, trip) => sum + trip.pupils, 0);
    return trips.reduce((sum, trip) => sum + trip.minutes * trip.pupils, 0) / pupils;
  }
  const main = (trips) => trips.reduce((best, trip) => (!best || trip.pupils > best.pupils ? trip : best), null);

  function describeChange(before, after) {
    const served = (trips) => trips.some((trip) => trip.school >= 0);
    if (!served(before) && !served(after)) return say('same');
    if (!served(before)) return say('gets_place');
    if (!served(after)) return say('loses_place');
    const schools = (trips) => [...new Set(trips.map((trip) => trip.school))].sort().join();
    const parts = [];
    const moved = schools(before) !== schools(after);
    const kept = after.some((trip) => before.some((old) => old.school === trip.school));
    if (moved) parts.push(say(kept ? 'some_change' : 'new_school'));
    const [a, b] = [main(before).mode, main(after).mode];
    if (a !== b) parts.push(say('from_mode', { a: say('mode.' + a), b: say('mode.' + b) }));
    const n = Math.round(mean(after.filter((trip) => trip.school >= 0)) - mean(before.filter((trip) => trip.school >= 0)));
    if (Math.abs(n) >= 1) parts.push(say(n > 0 ? 'longer' : 'shorter', { n: Math.abs(n) }));
    else if (parts.length) parts.push(say('as_long'));
    if (!parts.length) return say('same');
    return (moved ? [] : [say('same_school')]).concat(parts).join(planner.lang === 'zh' ? '，' : ', ');
  }

  // the short form in a popup
  planner.villageFacts = function (village) {
    const { villages } = planner.data;
    const to = planner.view.to || 1;
    const line = (trips) => trips.map((trip) => make('div', '', trip.school < 0 ? say('no_school')
      : [name(planner.nameOf(planner.data.schools, trip.school)), ' · ' + planner.minutes(trip) + ' · ' + say('mode.' + trip.mode)],
    trip.cause ? make('span', 'risk', ' ⚠ ' + say('cause.' + planner.data.causes[trip.cause])) : null));
    return make('div', 'pop', heading(villages, village, 'h2'),
      make('p', 'quiet', name(villages.townships[villages.township[village]]), ' · ', planner.pupilsOf(planner.data, village)),
      guessLine(village),
      bandsOf(village).map((band) => make('section', '', make('h3', '', planner.bandName(band)),
        make('div', 'pop-way', make('span', '', say('now')), make('div', '', line(tripsOf(planner.view.from, village, band)))),
        make('div', 'pop-way', make('span', '', planner.stateLabelShort(to)), make('div', '', line(tripsOf(to, village, band)))))));
  };

  planner.schoolFacts = function (school) {
    const { schools, states } = planner.data;
    const to = planner.view.to || 1;
    const row = (label, number) => {
      const state = states[number];
      const open = state.form[school] !== 'closed';
      return make('div', 'pop-way', make('span', '', label), make('div', '', say('form.' + state.form[school]),
        open && state.pupils[school] >= 0 && ' · ' + planner.number(state.pupils[school]) + ' ' + say('pupils'),
        open && state.beds[school] > 0 && ' · ' + say('boarders') + ' ' + (state.boarders[school] < 0 ? '—' : state.boarders[school]) + ' / ' + say('beds') + ' ' + state.beds[school]));
    };
    return make('div', 'pop', heading(schools, school, 'h2'),
      make('p', 'quiet', schools.township[school] && name(schools.township[school]), ' ' + say('status.' + planner.STATUS[states[to].status[school] || 1])),
      row(say('now'), 0), row(planner.stateLabelShort(to), to), planner.fullRow('schools', school));
  };
})(window.planner);
