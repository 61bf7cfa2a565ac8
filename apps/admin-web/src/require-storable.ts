import { Problem } from './problem.ts';

/**
 * That no text of a path or a query has a NUL: Postgres has none in texts, and what is looked for with one is nowhere. What bodies may
 * have, their schemas say.
 *
 * @throws {Problem} 422
 */
export function requireStorable(...asked: readonly unknown[]): void {
  const texts = asked.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  if (!texts.some((text) => typeof text === 'string' && text.includes('\u0000'))) return;
  throw new Problem(422, 'invalid', 'There is a NUL in what was asked for.');
}
