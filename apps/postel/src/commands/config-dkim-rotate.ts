import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configDkimRotate = defineCommand({
  name: 'config dkim rotate',
  operands: 'DOMAIN [--now] [--json]',
  summary: 'replace the keys that sign the mail of a domain (DKIM), step by step',
  help: `First it makes new keys and says which records to publish. Once the DNS has had these for an hour, so that all of its
name servers do, the new keys sign: by themselves when mail leaves, or when this is said again, which tells how far it
is. The old records stay for 14 more days, for mail on its way; "config dkim list" says until when, and "config dkim rm"
then removes the keys.

  --now                the new keys sign at once, published or not: where an old one is in wrong hands. Until others
                       see the records, mail counts as not signed
  --json               a JSON object a line for each key that waited or was made, with the record
${SERVER_OPTIONS_HELP}

Examples:
  postel config dkim rotate example.com
  postel config dkim rotate example.com --now`,
  options: { now: { type: 'boolean' }, json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const options = { isNow: line.flag('now'), asJson: line.flag('json') };
    return { ...operands(line, 'domain'), ...options, server: namedServer(line) };
  },
  async run(args, invocation) {
    const { rotateDkimKeys } = await import('../domains/rotate-dkim-keys.ts');
    await rotateDkimKeys(args, invocation);
  },
});
