import { type AppEvent, AppStartError, superviseApp } from '@postel/supervision';
import { CommandError } from '../command-error.ts';
import { identifyProcess } from '../data-directory/process-identity.ts';
import type { AppPlan } from './apps.ts';
import { describePortProblem } from './ports.ts';
import type { StartContext } from './start-database.ts';

/**
 * Starts the app processes, all at once, and resolves when each has said that it is ready.
 * @throws {CommandError} if one of them cannot start
 */
export async function startApps(plans: readonly AppPlan[], context: StartContext): Promise<void> {
  const { taken, watched, started } = context;
  const { directory } = taken;
  const apps = plans.map(({ entry, settings }) =>
    superviseApp({
      entry,
      settings,
      logFile: directory.logOf(settings.processName),
      onEvent: (event) => tell(settings.processName, event, context),
    }),
  );
  watched.apps.push(...apps);
  started.defer(async () => {
    await Promise.all(apps.map((app) => app.stop()));
  });
  try {
    await Promise.all(apps.map((app) => app.ready));
  } catch (error) {
    throw describe(error);
  }
}

function tell(name: string, event: AppEvent, context: StartContext): void {
  const { taken, watched, report } = context;
  switch (event.type) {
    case 'started': {
      const others = taken.run.state.apps.filter((app) => app.name !== name);
      const identity = identifyProcess(event.pid);
      taken.run.update({ apps: identity === null ? others : [...others, { name, ...identity }] });
      return;
    }
    case 'ready':
      if (watched.isStarted) report.step(`${name} works again`);
      else report.step(`${name} listens on ${event.ports.join(' and ')}`);
      return;
    case 'failed':
      if (watched.isStarted) report.warn(`${name} cannot start: ${event.failure.message}`);
      return;
    case 'problem':
      report.problem(name, event.line);
      return;
    case 'ended':
      if (event.restartInMs === null) return; // the start as a whole fails, and says why
      report.warn(`${name} died (${event.how}); starting it again in ${event.restartInMs / 1_000} s`);
      return;
    default:
      event satisfies never;
  }
}

function describe(error: unknown): unknown {
  if (!(error instanceof AppStartError)) return error;
  const { code, port } = error.failure;
  return new CommandError(code !== null && port !== null ? describePortProblem(port, code) : error.message);
}
