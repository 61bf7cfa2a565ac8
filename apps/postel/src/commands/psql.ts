import { defineCommand } from '../command.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const psql = defineCommand({
  name: 'psql',
  operands: '[--write] [ARGUMENTS OF PSQL]',
  summary: 'ask the database about accounts, mailboxes and messages, with psql',
  help: `Runs the system's psql on the server's database, for reading: the views of docs/sql.md, as the role
postel_reader. The first argument that is no option of ours, and all behind it, is psql's. The exit status is psql's too.

  --write              as the owner of the tables, who may do anything: behind the back of a server that runs, which
                       may then tell mail programs what is not so. Make a backup first, and see docs/storage.md
${SERVER_OPTIONS_HELP}

Examples:
  postel psql
  postel psql -c 'select account, messages, octets from accounts order by octets desc'
  postel psql --csv -c "select sent_at, from_field, subject from messages where account = 'mary'" > mary.csv`,
  options: { write: { type: 'boolean' }, ...SERVER_OPTIONS },
  passesOn: true,
  parse: (line) => ({ isWriting: line.flag('write'), args: line.passedOn, server: namedServer(line) }),
  async run(args, invocation) {
    const { runPsql } = await import('../psql/run-psql.ts');
    await runPsql(args, invocation);
  },
});
