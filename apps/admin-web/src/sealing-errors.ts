import { SealingError } from '@postel/routes';
import { Problem } from './problem.ts';

/** What wants a key that this host has not is for a person to put right. @throws {Problem} */
export async function sayingSealingErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SealingError)) throw error;
    throw new Problem(409, 'secret-key', `${error.message}.`);
  }
}
