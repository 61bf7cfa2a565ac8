import { DirectoryError } from './errors.ts';

export interface HashPool {
  /** @throws {DirectoryError} 'unavailable' if too many wait already */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** Runs so many pieces of work at once and lets so many more wait for their turn, first come first served. */
export function createHashPool({ atOnce, waiting }: { readonly atOnce: number; readonly waiting: number }): HashPool {
  const queue: (() => void)[] = [];
  let running = 0;

  return {
    async run(work) {
      if (running < atOnce) {
        running += 1;
      } else {
        if (queue.length >= waiting)
          throw new DirectoryError('unavailable', 'Too many logins at once: try again later');
        // Whoever finishes hands over its place, so `running` stays as it is.
        await new Promise<void>((resolve) => queue.push(resolve));
      }
      try {
        return await work();
      } finally {
        const next = queue.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
