import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { formatTable } from '../format-table.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configClientconfig = defineCommand({
  name: 'config clientconfig',
  operands: 'ADDRESS [--json]',
  summary: 'say what to type into a mail program to read and send as an address',
  help: `What its program asks for, for the person whose address it is. Each line is enough by itself: of two for one protocol take the
first that the program knows. What is known of single programs: docs/clients.md.

  --json               one JSON object
${SERVER_OPTIONS_HELP}

Examples:
  postel config clientconfig mary@example.com
  postel config clientconfig mary@example.com --json`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    return { ...operands(line, 'address'), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ address: text, asJson, server }, invocation) {
    const { clientServices } = await import('../client-settings.ts');
    const { parseAddress } = await import('@postel/directory');
    const { useDirectory } = await import('../use-directory.ts');
    const { terminal } = invocation;
    const address = parseAddress(text);
    if (address === null) throw new CommandError(`"${text}" is not an address like user@example.com.`);
    const services = await clientServices(server, invocation);
    if (services.length === 0) throw new CommandError('This server has no service that people log in to.');
    const account = await useDirectory(invocation, server, (directory) => directory.identify(text));
    if (account === null) {
      throw new CommandError(
        `Nobody logs in by ${text}: no account has it. Which accounts have: postel config address list`,
      );
    }
    const { name, isDisabled } = account;
    if (asJson) {
      terminal.say(JSON.stringify({ address: text, account: name, userName: text, services }));
      return;
    }
    const rows = services.map(({ protocol, host, port, security }) => [
      protocol === 'IMAP' ? 'Read mail (IMAP)' : 'Send mail (SMTP)',
      host,
      String(port),
      security,
    ]);
    terminal.say(formatTable([['', 'SERVER', 'PORT', 'SECURITY'], ...rows]));
    terminal.say();
    terminal.say(`User name:  ${text}, for both; ${name} will do as well`);
    terminal.say(
      `Password:   the account's, or better one for this program alone: postel config account apppassword add ${name} NAME`,
    );
    terminal.say('Login:      "normal password", or SCRAM-SHA-256 where it can be chosen; for sending as for reading');
    if (isDisabled)
      terminal.warn(`account ${name} is disabled: nobody logs in to it until postel config account enable ${name}`);
  },
});
