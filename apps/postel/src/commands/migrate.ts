import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const migrate = defineCommand({
  name: 'migrate',
  operands: '[--dry-run]',
  summary: 'bring the tables of the database up to date, or say what that would take',
  help: `A server does this at its start, but for what takes long on a large database: subjects, addresses and threads of
messages that an older Postel stored. Those the server fills in by and by; this does it at once, beside a server or
without one, in small steps. If it is stopped, the next call goes on where it was.

  --dry-run            say what would be done, and change nothing
${SERVER_OPTIONS_HELP}

Examples:
  postel migrate --dry-run --config /etc/postel/postel.yaml
  postel migrate --config /etc/postel/postel.yaml`,
  options: { 'dry-run': { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { isDryRun: line.flag('dry-run'), server: namedServer(line) };
  },
  async run(args, invocation) {
    const { runMigrate } = await import('../migrate/run-migrate.ts');
    await runMigrate(args, invocation);
  },
});
