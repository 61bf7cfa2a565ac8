import type { ReadReport } from '@postel/mail-reports';
import type { TakenReport } from '@postel/queue';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const FILES = 10_000;
/** A message may carry a report of 25 MB in base64. */
const FILE_OCTETS = 40 * 1024 * 1024;

export const reportsImport = defineCommand({
  name: 'reports import',
  operands: 'FILE...',
  summary: 'read reports on DMARC and TLS that are in files: messages, XML, JSON, gzip, zip',
  help: `What came before this server read reports, or elsewhere. They count as if they were verified, for you say so; what is
there already counts once. Reports on domains that are not of this server are left out.

${SERVER_OPTIONS_HELP}

Examples:
  postel reports import google.com\\!example.com\\!1633996800\\!1634083199.zip
  postel reports import saved/*.eml`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { positionals } = line;
    if (positionals.length === 0) throw new UsageError('FILE missing');
    if (positionals.length > FILES) throw new UsageError(`More than ${FILES} files`);
    return { files: positionals, server: namedServer(line) };
  },
  async run({ files, server }, invocation) {
    const { useDatabase } = await import('../use-database.ts');
    const { takeReport } = await import('@postel/queue');
    const { listDomains } = await import('@postel/directory');
    const { terminal } = invocation;
    const failed: string[] = [];
    await useDatabase(invocation, server, async ({ database, signal }) => {
      const domains = new Set((await listDomains(database.sql)).map(({ name }) => name));
      for (const file of files) {
        if (signal.aborted) break;
        const read = await readFrom(file);
        if (typeof read === 'string') {
          failed.push(file);
          terminal.note(`${file}: ${read}.`);
          continue;
        }
        const taken = await takeReport(database.sql, read, { trust: 'imported', reporter: '' }, domains);
        terminal.say(`${file}: ${SAID[taken]}`);
      }
    });
    if (failed.length > 0)
      throw new CommandError(`${failed.length} of ${files.length} files have no report that can be read.`);
  },
});

const SAID = {
  new: 'taken in',
  known: 'known already',
  foreign: 'left out: it is about no domain of this server',
  future: 'left out: it is about days that are to come',
} as const satisfies Record<TakenReport, string>;

/** @returns why it cannot be read, if it cannot */
async function readFrom(file: string): Promise<ReadReport | string> {
  const { readFile, stat } = await import('node:fs/promises');
  const { ReportError, readReportFile, readReportMail } = await import('@postel/mail-reports');
  try {
    const { size } = await stat(file);
    if (size > FILE_OCTETS) return `It is larger than ${FILE_OCTETS / 1024 / 1024} MB`;
    const octets = await readFile(file);
    return isMail(octets) ? await readReportMail(octets) : await readReportFile(octets);
  } catch (error) {
    if (error instanceof ReportError) return error.message;
    if (error instanceof Error && 'code' in error) return `It cannot be read: ${error.message}`;
    throw error;
  }
}

/** A message begins with a header field, or with the line that mbox files have before it. */
function isMail(octets: Buffer): boolean {
  if (octets[0] === 0x3c || octets[0] === 0x7b) return false; // XML, JSON
  return /^(?:From [^\r\n]*\r?\n)?[\x21-\x39\x3b-\x7e]{1,100}[ \t]*:/.test(octets.toString('latin1', 0, 1_000));
}
