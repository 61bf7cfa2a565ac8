import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { givenRoute, ROUTE_OPTIONS, ROUTE_OPTIONS_HELP } from '../routes/route-options.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configRouteAdd = defineCommand({
  name: 'config route add',
  operands: 'NAME [OPTIONS]',
  summary: 'name a way by which mail leaves: a smarthost, a source address, a proxy',
  help: `Nothing goes by it until a rule says so (config route rule add), or it is the default (config route default). The route
named direct is built in: to the servers of each domain. Secrets are kept sealed by a key in the data directory, secrets.key,
which is made when the first one is given: keep a copy beside the backups, and give it to all hosts of one database.

${ROUTE_OPTIONS_HELP}
${SERVER_OPTIONS_HELP}

Examples:
  postel config route add provider --host smtp.example.net --tls implicit --user postel
  postel config route add office --host mail.example.com:587 --certificate-file us.pem --key-file us.key.pem
  postel config route add second --source 192.0.2.2=out2.example.com`,
  options: { ...ROUTE_OPTIONS, ...SERVER_OPTIONS },
  parse(line) {
    const { name } = operands(line, 'name');
    return { name, given: givenRoute(line), server: namedServer(line) };
  },
  async run({ name, given, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { DIRECT_SETTINGS } = await import('@postel/directory');
    const { readSecrets, readTextFile, sayingSealingErrors } = await import('../routes/read-given.ts');
    const { sealFor } = await import('@postel/routes');
    const { change, authoritiesFile, certificateFile } = given;
    const secrets = { ...(await readSecrets(given.secrets)) };
    const needsPassword =
      (change.user ?? null) !== null && certificateFile === null && !('password' in secrets) && !('token' in secrets);
    if (needsPassword) {
      const { readPassword } = await import('../read-password.ts');
      const password = await readPassword(`Password of ${change.user}: `);
      if (password === '') throw new CommandError('No password was given. Nothing was changed.');
      secrets.password = password;
    }
    const settings = {
      ...DIRECT_SETTINGS,
      ...change,
      ...(authoritiesFile === null ? {} : { authorities: await readTextFile(authoritiesFile) }),
      ...(certificateFile === null ? {} : { certificate: await readTextFile(certificateFile) }),
    };
    await useDirectory(invocation, server, async (directory, { secretKeyFile }) => {
      const place = { directory, secretKeyFile };
      const sealed = await sayingSealingErrors(() => sealFor(place, name, secrets, settings));
      await directory.routes.add(name, settings, sealed);
    });
    const { terminal } = invocation;
    terminal.say(`Added the route ${name}. Try it: postel config route test ${name}`);
    const { noteStrangeSources } = await import('../routes/describe-route.ts');
    await noteStrangeSources(terminal, settings.sources);
  },
});
