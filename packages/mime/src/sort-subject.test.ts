import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sortSubject } from './sort-subject.ts';

test.each([
  // Step 1: white space.
  ['Lunch  \t today', 'Lunch today', false],
  ['  Lunch ', 'Lunch', false],
  ['', '', false],
  // Step 2: trailers.
  ['Lunch (fwd)', 'Lunch', true],
  ['Lunch(FWD) (Fwd) ', 'Lunch', true],
  ['(fwd)', '', true],
  ['(fwd) Lunch', '(fwd) Lunch', false],
  // Step 3: leaders.
  ['Re: Lunch', 'Lunch', true],
  ['re : Lunch', 'Lunch', true],
  ['RE[2]: Lunch', 'Lunch', true],
  ['Re [2] : Lunch', 'Lunch', true],
  ['Fw: Re: FWD: Lunch', 'Lunch', true],
  ['[family] Re: Lunch', 'Lunch', true],
  ['[a][b] Fwd[c]:Re:Lunch', 'Lunch', true],
  ['Re:', '', true],
  ['Regarding: Lunch', 'Regarding: Lunch', false],
  ['Re Lunch', 'Re Lunch', false],
  ['Fwdx: Lunch', 'Fwdx: Lunch', false],
  ['AW: Lunch', 'AW: Lunch', false],
  ['Re[x[y]: Lunch', 'Re[x[y]: Lunch', false],
  // Step 4: blobs, as long as something stays.
  ['[family] Lunch', 'Lunch', false],
  ['[a] [b]', '[b]', false],
  ['[a]', '[a]', false],
  ['Re: [a]', '[a]', true],
  ['[a Lunch', '[a Lunch', false],
  ['Lunch [a]', 'Lunch [a]', false],
  // Step 5: again.
  ['[a] Re: [b] Re: Lunch', 'Lunch', true],
  // Step 6: forwarded in brackets.
  ['[Fwd: Lunch]', 'Lunch', true],
  ['[fwd: [Fwd: Re: Lunch (fwd)] ]', 'Lunch', true],
  ['[fwd:]', '', true],
  ['[fwd: Lunch] today', 'today', false],
  ['[fwd: [a] b]', 'b', true],
  ['Re: [Fwd: Lunch]', 'Lunch', true],
])('the base subject of %j is %j', (subject, base, isReplyOrForward) => {
  expect(sortSubject(subject)).toEqual({ base, isReplyOrForward });
});

const pieces = [
  're',
  'Re:',
  'fwd',
  'Fwd:',
  'fw',
  '[',
  ']',
  '[fwd:',
  '(fwd)',
  '[a]',
  ':',
  ' ',
  '\t',
  'x',
  'İ',
  'ſ',
  '(',
];
const subjects = fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((some) => some.join(''));

test('a base subject is its own, but for blobs that were kept because nothing followed them', () => {
  fc.assert(
    fc.property(subjects, (subject) => {
      const { base } = sortSubject(subject);
      expect(base).toBe(base.trim());
      expect(sortSubject(base).base).toBe(base);
      expect(sortSubject(`Re: ${base}`)).toEqual({ base, isReplyOrForward: true });
      expect(sortSubject(`[list] ${base}`).base).toBe(base === '' ? '[list]' : base);
    }),
  );
});

test('hardening 34: the time grows with the length', () => {
  for (const piece of ['[a]', '[fwd:', 're:', 're[', '(fwd)', ' ', '[', '[fwd:re [', '[a] re [b', 're:[a]']) {
    const startedAt = performance.now();
    const { base } = sortSubject(piece.repeat(50_000) + ']'.repeat(50_000));
    expect(base.length).toBeLessThan(600_000);
    expect(performance.now() - startedAt, piece).toBeLessThan(1_000);
  }
});
