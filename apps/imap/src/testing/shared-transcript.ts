import type { ImapClient } from './imap-client.ts';

export type PeerName = 'postel' | 'dovecot';

/** A server that transcripts are played with. */
export interface ImapPeer {
  readonly name: PeerName;
  addAccount(): Promise<{ readonly name: string; readonly password: string }>;
  /** Connected and greeted. */
  connect(): Promise<ImapClient>;
}

export interface Letter {
  readonly flags?: string;
  readonly octets: string;
}

/**
 * A dialogue that two servers have alike. `C:` and `S:` are of the first connection, `C2:` and `S2:` of a second; `P:` and `D:`
 * (`P2:`, `D2:`) are lines of Postel alone and of Dovecot alone. Names taken on one connection are known on the other; `{user}`,
 * `{password}` and `{plain}`, the response of PLAIN, are known from the start.
 */
export interface SharedTranscript {
  readonly title: string;
  /** Messages that INBOX has before. */
  readonly inbox?: readonly (string | Letter)[];
  /** What each connection has done before; it has opened INBOX if nothing is said. */
  readonly state?: 'greeted' | 'logged-in';
  readonly script: string;
  /** For one that has lines of one server alone: the section that decides, and why Postel does as it does. */
  readonly differs?: string;
}

interface Line {
  readonly side: 'client' | 'server';
  readonly connection: number;
  /** Null for both. */
  readonly only: PeerName | null;
  /** Which of the places where the servers differ it is in; lines that stand together are one place. */
  readonly difference: number;
  readonly text: string;
}

/** A line that does not come, because only the other server says it, is waited for so long. */
const SWAPPED_MS = 1_000;

const LINE = /^([CSPD])(2?):(?: (.*))?$/;
/** A line of the client that is no part of a literal. */
const COMMAND = /^[a-z]\d+ /;
const NAME = /\{([a-z]\w*)\}/g;
const ONLY: Readonly<Record<string, PeerName | null>> = { P: 'postel', D: 'dovecot' };

/** The lines that only that server says. */
export function linesOf(transcript: SharedTranscript, name: PeerName): readonly string[] {
  return parse(transcript.script)
    .filter(({ only }) => only === name)
    .map(({ text }) => text);
}

/** The commands before each place where the servers differ. */
export function questionsOf(transcript: SharedTranscript): readonly string[] {
  const lines = parse(transcript.script);
  const found = new Set<string>();
  for (let place = 1; place <= differences(lines); place++) {
    const first = lines.findIndex(({ only, difference }) => only !== null && difference === place);
    const question = lines.slice(0, first).findLast(({ side, text }) => side === 'client' && COMMAND.test(text));
    if (question !== undefined) found.add(question.text);
  }
  return [...found];
}

/**
 * Plays the transcript with one server. Then, for each place where the servers differ, plays it once more with what the other
 * says there, which must fail: a difference that is no more shall not stay listed.
 */
export async function playShared(transcript: SharedTranscript, peer: ImapPeer): Promise<void> {
  const lines = parse(transcript.script);
  await play(transcript, peer, linesFor(lines, peer.name, null));
  for (let place = 1; place <= differences(lines); place++) {
    const passes = await play(transcript, peer, linesFor(lines, peer.name, place), SWAPPED_MS).then(
      () => true,
      () => false,
    );
    if (passes) throw new Error(`difference ${place} is no more: ${peer.name} passes the other's lines`);
  }
}

/** How many places there are where the servers differ. */
function differences(lines: readonly Line[]): number {
  return lines.at(-1)?.difference ?? 0;
}

/** @param swapped the place that gets the other server's lines */
function linesFor(lines: readonly Line[], name: PeerName, swapped: number | null): readonly Line[] {
  return lines.filter(({ only, difference }) => only === null || (only === name) !== (difference === swapped));
}

async function play(
  transcript: SharedTranscript,
  peer: ImapPeer,
  lines: readonly Line[],
  limitMs = Number.POSITIVE_INFINITY,
): Promise<void> {
  const account = await peer.addAccount();
  await using stack = new AsyncDisposableStack();
  const clients = new Map<number, ImapClient>();
  const count = Math.max(...lines.map(({ connection }) => connection));
  for (let connection = 1; connection <= count; connection++) {
    const client = stack.use(await peer.connect());
    clients.set(connection, client);
    if (transcript.state === 'greeted') continue;
    await succeed(client, `LOGIN ${account.name} ${account.password}`);
    if (connection === 1) for (const letter of transcript.inbox ?? []) await append(client, letter);
    if (transcript.state === undefined) await succeed(client, 'SELECT INBOX');
  }
  if (Number.isFinite(limitMs)) {
    const timer = setTimeout(() => {
      for (const { socket } of clients.values()) socket.destroy();
    }, limitMs);
    stack.defer(() => clearTimeout(timer));
  }
  const plain = Buffer.from(`\0${account.name}\0${account.password}`).toString('base64');
  let taken: Readonly<Record<string, string>> = { user: account.name, password: account.password, plain };
  for (const run of runs(lines)) {
    const script = run.lines.map(({ side, text }) => `${side === 'client' ? 'C' : 'S'}: ${text}`).join('\n');
    const known = taken;
    const filledIn = script.replace(NAME, (whole, name: string) => known[name] ?? whole);
    const client = clients.get(run.connection);
    if (client === undefined) throw new Error(`no connection ${run.connection}`);
    taken = { ...taken, ...(await client.dialogue`${filledIn}`) };
  }
}

/** Lines of one connection that stand together. */
function runs(lines: readonly Line[]): readonly { readonly connection: number; readonly lines: Line[] }[] {
  const found: { readonly connection: number; readonly lines: Line[] }[] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last !== undefined && last.connection === line.connection) last.lines.push(line);
    else found.push({ connection: line.connection, lines: [line] });
  }
  return found;
}

async function append(client: ImapClient, letter: string | Letter): Promise<void> {
  const { octets, flags } = typeof letter === 'string' ? { octets: letter } : letter;
  await client.append('INBOX', octets, flags);
}

async function succeed(client: ImapClient, command: string): Promise<void> {
  const { tagged } = await client.command(command);
  if (!tagged.startsWith('OK ')) throw client.failure(`${command} was answered ${tagged}`);
}

function parse(script: string): readonly Line[] {
  const lines: Line[] = [];
  let places = 0;
  for (const padded of script.split('\n')) {
    const trimmed = padded.trimStart();
    if (trimmed === '') continue;
    const [, side = '', second, text = ''] = LINE.exec(trimmed) ?? [];
    if (side === '') throw new Error(`Not a line of a transcript: ${JSON.stringify(trimmed)}`);
    const only = ONLY[side] ?? null;
    if (only !== null && (lines.at(-1)?.only ?? null) === null) places++;
    lines.push({
      side: side === 'C' ? 'client' : 'server',
      connection: second === '2' ? 2 : 1,
      only,
      difference: places,
      text,
    });
  }
  return lines;
}
