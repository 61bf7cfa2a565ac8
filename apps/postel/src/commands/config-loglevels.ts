import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'];

export const configLoglevels = defineCommand({
  name: 'config loglevels',
  alsoCalled: ['config loglevel'],
  operands: '[LEVEL]',
  summary: 'say or change how much a server logs',
  help: `LEVEL is debug, info, warn or error: that, and all that is worse. It is written into the configuration file (logLevel), whose
other lines stay as they are, and acts at once in all processes on this host; connections that are open go on with the
level they began with. localserve always logs from info on.

${SERVER_OPTIONS_HELP}

Examples:
  postel config loglevels
  postel config loglevels debug`,
  options: SERVER_OPTIONS,
  parse(line) {
    const level = line.positionals.length === 0 ? null : operands(line, 'level').level;
    if (level !== null && !LEVELS.includes(level)) throw new UsageError(`"${level}" is not ${LEVELS.join(', ')}`);
    return { level, server: namedServer(line) };
  },
  async run({ level, server }, invocation) {
    const { findPlace, findRunning } = await import('../running-servers.ts');
    const place = await findPlace(server, invocation);
    const { terminal } = invocation;
    if (place.file === null) {
      if (level === null) terminal.say('info');
      else throw new CommandError('localserve has no configuration file: name that of a server with --config FILE.');
      return;
    }
    const { readConfigurationOrExplain } = await import('../serve/find-configuration.ts');
    const { logLevel } = await readConfigurationOrExplain(place.file);
    if (level === null) {
      terminal.say(logLevel);
      return;
    }
    const { setInConfiguration } = await import('../serve/set-in-configuration.ts');
    setInConfiguration(place.file, 'logLevel', level);
    const { signalProcess } = await import('../data-directory/process-identity.ts');
    const running = findRunning(place);
    for (const { pid } of running) {
      try {
        signalProcess(pid, 'SIGHUP');
      } catch (error) {
        throw new CommandError(
          `${place.file} says ${level} now, but process ${pid} is another user's: tell it with systemctl reload postel, or as root.`,
          { cause: error },
        );
      }
    }
    terminal.say(`${place.file}: logLevel is ${level} now.${running.length === 0 ? ' No server runs by it.' : ''}`);
  },
});
