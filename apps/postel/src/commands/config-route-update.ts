import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { clearedBy, givenRoute, ROUTE_OPTIONS, ROUTE_OPTIONS_HELP } from '../routes/route-options.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configRouteUpdate = defineCommand({
  name: 'config route update',
  operands: 'NAME [OPTIONS] [--clear OPTION]',
  summary: 'change a way by which mail leaves, or its password',
  help: `What is not said stays as it is. It is in force for the next attempt of whatever waits.

${ROUTE_OPTIONS_HELP}
  --new-password       asks for another password, or takes the first line of standard input
  --clear OPTION       takes away what this option set (without the --); user takes the password with it
${SERVER_OPTIONS_HELP}

Examples:
  postel config route update provider --new-password
  postel config route update provider --host smtp.example.net:465 --host smtp2.example.net:465
  postel config route update provider --clear server-key`,
  options: {
    ...ROUTE_OPTIONS,
    'new-password': { type: 'boolean' },
    clear: { type: 'string', multiple: true },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    const { name } = operands(line, 'name');
    const given = givenRoute(line);
    const cleared = clearedBy(line.optionValues('clear'));
    const asksPassword = line.flag('new-password');
    const { change, authoritiesFile, certificateFile, secrets } = given;
    const said = [...Object.keys(change), ...Object.keys(cleared.change), ...secrets, ...cleared.secrets];
    if (said.length === 0 && authoritiesFile === null && certificateFile === null && !asksPassword) {
      throw new UsageError('what is to change?');
    }
    return { name, given, cleared, asksPassword, server: namedServer(line) };
  },
  async run({ name, given, cleared, asksPassword, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { readSecrets, readTextFile, sayingSealingErrors } = await import('../routes/read-given.ts');
    const { changeRoute } = await import('@postel/routes');
    const { authoritiesFile, certificateFile } = given;
    const secrets = { ...(await readSecrets(given.secrets)) };
    if (asksPassword) {
      const { newPassword } = await import('../new-password.ts');
      secrets.password = await newPassword(`the route ${name}`, false);
    }
    const change = {
      ...cleared.change,
      ...given.change,
      ...(authoritiesFile === null ? {} : { authorities: await readTextFile(authoritiesFile) }),
      ...(certificateFile === null ? {} : { certificate: await readTextFile(certificateFile) }),
    };
    await useDirectory(invocation, server, async (directory, { secretKeyFile, database }) => {
      const place = { directory, secretKeyFile };
      const secretChange = { set: secrets, cleared: cleared.secrets };
      await sayingSealingErrors(() => changeRoute(place, name, change, secretChange));
      const { tellQueue } = await import('@postel/queue');
      await tellQueue(database.sql);
    });
    invocation.terminal.say(`Changed the route ${name}.`);
    const { noteStrangeSources } = await import('../routes/describe-route.ts');
    await noteStrangeSources(invocation.terminal, change.sources ?? {});
  },
});
