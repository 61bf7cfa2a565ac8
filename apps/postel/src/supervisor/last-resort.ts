import type { StopSignal } from '../stop-signal.ts';
import type { Reporter } from './reporter.ts';

const EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * Stops in order at an error that nobody caught, and ends with exit code 1: a supervisor that just died would leave its
 * Postgres behind, which has a session of its own.
 */
export function stopOnUncaught(stop: StopSignal, report: Reporter): Disposable {
  const onUncaught = (thrown: unknown) => {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    process.exitCode = 1;
    stop.abort(error);
    try {
      report.failure('stopping at an error that should not happen; please report it', error);
    } catch {
      // What is thrown from here would end the process at once.
    }
  };
  for (const event of EVENTS) process.on(event, onUncaught);
  return {
    [Symbol.dispose]() {
      for (const event of EVENTS) process.off(event, onUncaught);
    },
  };
}
