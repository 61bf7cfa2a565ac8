import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { type CertificateFiles, configurationTemplate } from '@postel/config';
import { generatePassword, type ManagedDirectory, parseAddress } from '@postel/directory';
import { writePair } from '../certificates/ensure-local-certificates.ts';
import { makeAuthority, makeServerCertificate } from '../certificates/make-certificates.ts';
import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { DataDirectory } from '../data-directory/data-directory.ts';
import { showRecords } from '../domains/show-records.ts';
import { useDirectory } from '../use-directory.ts';
import { forShell, systemdUnit } from './systemd-unit.ts';

export interface QuickstartOptions {
  readonly address: string;
  /** Null: `mail.` and the domain. */
  readonly hostname: string | null;
  /** The configuration file, absolute. */
  readonly file: string;
}

const HOSTNAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/i;
const ACCOUNT_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** What `postel quickstart` does; the file comes last, so that what was cut short can be said again. @throws {CommandError} */
export async function runQuickstart(
  { address: text, hostname: named, file }: QuickstartOptions,
  invocation: Invocation & { readonly dataDirectory: string },
): Promise<void> {
  const { terminal, dataDirectory } = invocation;
  const address = parseAddress(text);
  if (address === null) throw new CommandError(`"${text}" is not an address like you@example.com.`);
  const { domain, localPart } = address;
  const hostname = acceptHostname(named ?? `mail.${domain}`);
  if (existsSync(file)) {
    throw new CommandError(
      `${file} is there already, and nothing was changed. Is all well with it? postel config check --config ${forShell(file)}`,
    );
  }
  const name = ACCOUNT_NAME.test(localPart) ? localPart : 'owner';
  const directory = new DataDirectory(dataDirectory);
  await directory.make();
  const password = generatePassword();
  const owner = await useDirectory(invocation, { config: null, databaseUrl: null }, (accounts) =>
    ensureOwner(accounts, { name, address: text, domain, password }),
  );
  const certificate = await findCertificate(hostname, directory);
  await writeConfiguration(file, { hostname, dataDirectory, certificate });

  terminal.say(`Wrote ${file}. Account ${owner} has the address ${text} and administers the server.`);
  terminal.say(`Its password, shown this once: ${password}`);
  terminal.say('\nPut these records into the DNS:\n');
  await showRecords({ domain, asJson: false, config: file }, invocation);
  const user = userInfo().username;
  terminal.say(`\n${systemdUnit({ file, dataDirectory, user: user === 'root' ? 'postel' : user })}`);
  terminal.say(`Whether the DNS has the records:         postel config dnscheck ${domain} --config ${forShell(file)}`);
  terminal.say(
    `What to type into your mail program:     postel config clientconfig ${forShell(text)} --config ${forShell(file)}`,
  );
  if (!certificate.isOurs && user === 'root') {
    terminal.warn(
      `the user postel must be able to read ${certificate.keyFile}, which certbot keeps for root: docs/operations.md, systemd, says how`,
    );
  }
  if (certificate.isOurs) {
    terminal.warn(
      `there was no certificate for ${hostname}, so one was made that nobody trusts. Better: certbot certonly -d ${hostname}, ` +
        `then name its files in ${file}`,
    );
  }
}

/** In A-labels. An IP address is none: no MX record may have one (RFC 5321 §5.1). @throws {CommandError} */
function acceptHostname(text: string): string {
  const hostname = parseAddress(`postmaster@${text}`)?.domain ?? '';
  if (HOSTNAME.test(hostname)) return hostname;
  throw new CommandError(`"${text}" is not a host name such as mail.example.com: say --hostname.`);
}

interface Owner {
  readonly name: string;
  readonly address: string;
  readonly domain: string;
  readonly password: string;
}

/** @returns the name of the account, which may have been there under another one */
async function ensureOwner(directory: ManagedDirectory, { name, address, domain, password }: Owner): Promise<string> {
  await directory.addDomain(domain);
  const known = await directory.identify(address);
  if (known === null) await directory.addAccount({ name, address, password });
  else await directory.setPassword(known.name, password);
  const owner = known?.name ?? name;
  await directory.setRole(owner, 'owner');
  return owner;
}

/** Where certbot puts it; else one of ours. */
async function findCertificate(
  hostname: string,
  directory: DataDirectory,
): Promise<CertificateFiles & { readonly isOurs: boolean }> {
  const live = join('/etc/letsencrypt/live', hostname);
  const found = { certFile: join(live, 'fullchain.pem'), keyFile: join(live, 'privkey.pem') };
  if (existsSync(found.certFile)) return { ...found, isOurs: false };
  const made = {
    certFile: join(directory.certificates, 'quickstart.pem'),
    keyFile: join(directory.certificates, 'quickstart-key.pem'),
  };
  await writePair(made, await makeServerCertificate(await makeAuthority(), { dns: [hostname], ip: [] }));
  return { ...made, isOurs: true };
}

interface Written {
  readonly hostname: string;
  readonly dataDirectory: string;
  readonly certificate: CertificateFiles;
}

/** The annotated template, with what this server has of its own. */
async function writeConfiguration(file: string, { hostname, dataDirectory, certificate }: Written): Promise<void> {
  const own: readonly [string, string][] = [
    ['hostname: mail.example.com\n', `hostname: ${hostname}\n`],
    ['#dataDirectory: /var/lib/postel\n', `dataDirectory: ${JSON.stringify(dataDirectory)}\n`],
    [
      'certFile: /etc/letsencrypt/live/mail.example.com/fullchain.pem\n',
      `certFile: ${JSON.stringify(certificate.certFile)}\n`,
    ],
    [
      'keyFile: /etc/letsencrypt/live/mail.example.com/privkey.pem\n',
      `keyFile: ${JSON.stringify(certificate.keyFile)}\n`,
    ],
  ];
  let text = configurationTemplate();
  for (const [line, instead] of own) {
    if (!text.includes(line)) throw new Error(`The template of the configuration file has no line ${line.trim()}`);
    text = text.replace(line, () => instead);
  }
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { flag: 'wx', mode: 0o640 });
  } catch (error) {
    throw new CommandError(`Cannot write ${file}: ${error instanceof Error ? error.message : error}.`, {
      cause: error,
    });
  }
}
