import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configLoglevels = defineCommand({
  name: 'config loglevels',
  alsoCalled: ['config loglevel'],
  operands: '[LEVEL] [PART=LEVEL...]',
  summary: 'say or change how much a server logs',
  help: `LEVEL is debug, info, warn or error: that, and all that is worse. PART is imap, smtp, relay, web, housekeeping
or supervisor, and PART=default has it log as the others do again. A LEVEL alone is for all: parts that had
one of their own have it no longer, unless the same line says so.

It is written into the configuration file (logLevel, logLevels), whose other lines stay as they are, and acts at once in all
processes on this host; connections that are open go on with the level they began with. localserve always logs from info on.

${SERVER_OPTIONS_HELP}

Examples:
  postel config loglevels
  postel config loglevels imap=debug
  postel config loglevels imap=default
  postel config loglevels warn relay=info`,
  options: SERVER_OPTIONS,
  parse: (line) => ({ words: line.positionals, server: namedServer(line) }),
  async run({ words, server }, invocation) {
    const { parseLogLevelChange, settingsOf } = await import('../serve/log-level-change.ts');
    const change = parseLogLevelChange(words);
    const { findPlace, findRunning } = await import('../running-servers.ts');
    const place = await findPlace(server, invocation);
    const { terminal } = invocation;
    if (place.file === null) {
      if (change === null) terminal.say('info');
      else throw new CommandError('localserve has no configuration file: name that of a server with --config FILE.');
      return;
    }
    const { LOGGING_PARTS } = await import('@postel/config');
    const { readConfigurationOrExplain } = await import('../serve/find-configuration.ts');
    const { logLevel, logLevels } = await readConfigurationOrExplain(place.file);
    if (change === null) {
      terminal.say(logLevel);
      for (const part of LOGGING_PARTS) {
        if (logLevels[part] !== undefined) terminal.say(`${part}=${logLevels[part]}`);
      }
      return;
    }
    const { setInConfiguration } = await import('../serve/set-in-configuration.ts');
    setInConfiguration(place.file, settingsOf(change));
    const { signalProcess } = await import('../data-directory/process-identity.ts');
    const running = findRunning(place);
    for (const { pid } of running) {
      try {
        signalProcess(pid, 'SIGHUP');
      } catch (error) {
        throw new CommandError(
          `${place.file} says so now, but process ${pid} is another user's: tell it with systemctl reload postel, or as root.`,
          { cause: error },
        );
      }
    }
    if (change.common !== null) terminal.say(`${place.file}: logLevel is ${change.common} now.`);
    for (const [part, level] of change.own) {
      terminal.say(`${place.file}: ${part} logs ${level === null ? 'as the others do' : `from ${level} on`} now.`);
    }
    if (running.length === 0) terminal.say('No server runs by it.');
  },
});
