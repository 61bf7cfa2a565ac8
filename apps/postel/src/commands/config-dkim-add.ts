import type { DkimAlgorithm, DkimKeySummary } from '@postel/directory';
import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configDkimAdd = defineCommand({
  name: 'config dkim add',
  operands: 'DOMAIN [--type ed25519|rsa] [--json]',
  summary: 'make keys that sign the mail of a domain (DKIM)',
  help: `A domain that was added by "config domain add" has them; one that came with an account too. Both types are best: some
servers know RSA alone. A key signs once the DNS is seen to have its record. To replace keys: postel config dkim rotate.

  --type TYPE          one of this type, ed25519 or rsa (of 2048 bits); else each that the domain has none of
  --json               a JSON object a line, with the record
${SERVER_OPTIONS_HELP}

Examples:
  postel config dkim add example.com
  postel config dkim add example.com --type rsa`,
  options: { type: { type: 'string' }, json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    return {
      ...operands(line, 'domain'),
      type: typeOption(line.option('type')),
      asJson: line.flag('json'),
      server: namedServer(line),
    };
  },
  async run({ domain, type, asJson, server }, invocation) {
    const { DKIM_ALGORITHMS } = await import('@postel/directory');
    const { dkimKeyAsJson, sayDkimRecords } = await import('../domains/dkim-keys-shown.ts');
    const { useDirectory } = await import('../use-directory.ts');
    const { terminal } = invocation;
    const made = await useDirectory(invocation, server, async ({ dkimKeys }) => {
      const has = await dkimKeys.list(domain);
      const lacks = DKIM_ALGORITHMS.filter(
        (algorithm) => !has.some((key) => key.algorithm === algorithm && key.state !== 'retired'),
      );
      const wanted: readonly DkimAlgorithm[] = type === null ? lacks : [type];
      const keys: DkimKeySummary[] = [];
      for (const algorithm of wanted) keys.push(await dkimKeys.add(domain, algorithm));
      return keys;
    });
    if (asJson) {
      for (const key of made) terminal.say(JSON.stringify(dkimKeyAsJson(key)));
      return;
    }
    if (made.length === 0) {
      terminal.say(`${domain} has a key of each type. To replace them: postel config dkim rotate ${domain}`);
      return;
    }
    terminal.say('Publish in the DNS, and keep what is there; the keys sign once it is seen:');
    sayDkimRecords(terminal, made);
  },
});

/** @throws {UsageError} */
function typeOption(text: string | null): DkimAlgorithm | null {
  if (text === null || text === 'ed25519' || text === 'rsa') return text;
  throw new UsageError('--type is ed25519 or rsa');
}
