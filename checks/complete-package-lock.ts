/**
 * `node checks/complete-package-lock.ts` puts the platform packages that npm left out back into package-lock.json.
 *
 * npm writes only those optional packages that it could fetch on the machine where it ran (npm/cli#4828), and then `npm ci`
 * refuses the lock everywhere. An entry made here has no integrity, until npm fills it in on a machine that has the
 * package; those that Postel runs on (Node and Postgres) are always fetched, and never made here.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface LockEntry {
  readonly version?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly link?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export type LockEntries = ReadonlyMap<string, LockEntry>;

const LOCK = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];
const SYNONYMS: Readonly<Record<string, string>> = { '64': 'x64', armeabi: 'arm', windows: 'win32' };

export function readLock(): LockEntries {
  const { packages }: { packages: Record<string, LockEntry> } = JSON.parse(readFileSync(LOCK, 'utf8'));
  return new Map(Object.entries(packages));
}

/** Entries that are named as optional dependencies and do not stand in the lock, by their path. */
export function missingEntries(lock: LockEntries): LockEntries {
  const missing = new Map<string, LockEntry>();
  for (const [path, { optionalDependencies = {}, dev }] of lock) {
    const names = Object.keys(optionalDependencies);
    const sibling = names.map((name) => ({ name, at: resolve(lock, path, name) })).find(({ at }) => at !== null);
    const folder = sibling?.at?.slice(0, -sibling.name.length) ?? 'node_modules/';
    for (const [name, range] of Object.entries(optionalDependencies)) {
      if (resolve(lock, path, name) !== null) continue;
      missing.set(folder + name, {
        version: range.replace(/^[~^]/, ''),
        ...(dev && { dev }),
        optional: true,
        ...platformOf(name),
      });
    }
  }
  return missing;
}

/** Where Node would find a package from a path of the lock. */
function resolve(lock: LockEntries, from: string, name: string): string | null {
  for (let at = from; ; at = at.slice(0, Math.max(at.lastIndexOf('node_modules/') - 1, 0))) {
    const candidate = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (lock.has(candidate)) return candidate;
    if (at === '') return null;
  }
}

/** Packages for one platform say which in their names. */
function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> {
  if (name === 'fsevents') return { os: ['darwin'] };
  const words = (name.split('/').at(-1) ?? '').split('-').map((word) => SYNONYMS[word] ?? word);
  const cpu = words.filter((word) => PROCESSORS.includes(word));
  const os = words.filter((word) => SYSTEMS.includes(word));
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : [];
  return { ...(cpu.length > 0 && { cpu }), ...(libc.length > 0 && { libc }), ...(os.length > 0 && { os }) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const document = JSON.parse(readFileSync(LOCK, 'utf8'));
  const missing = missingEntries(readLock());
  const entries = Object.entries({ ...document.packages, ...Object.fromEntries(missing) });
  document.packages = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(LOCK, `${JSON.stringify(document, null, 2)}\n`);
  console.log(`${missing.size} entries added`);
}
