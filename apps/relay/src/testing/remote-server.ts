import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { SmtpSession } from '@postel/testkit';

/** A message as another server got it. */
export interface Received {
  readonly mail: string;
  readonly rcpts: readonly string[];
  /** With its dots as they came. */
  readonly message: string;
}

/** What a test wants to be otherwise: the reply to a line that begins so, or what to do then; null for the reply of always. */
export type Script = (line: string, session: SmtpSession, connection: number) => string | null | Promise<string | null>;

/** A line of nobody is empty, as one of somebody may be. */
function hasLeft({ socket }: SmtpSession): boolean {
  return socket.destroyed || socket.readableEnded;
}

/** Another mail server, for any number of connections. */
export class RemoteServer implements AsyncDisposable {
  readonly received: Received[] = [];
  /** Every command that it heard, from all connections. */
  readonly heard: string[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #script: Script;
  readonly #extensions: readonly string[];
  #changed = Promise.withResolvers<void>();

  private constructor(server: Server, script: Script, extensions: readonly string[], tls: TlsOptions) {
    this.#server = server;
    this.#script = script;
    this.#extensions = extensions;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      this.#serve(new SmtpSession(socket, tls), ++this.connections).catch(() => {});
    });
  }

  static async start(
    script: Script = () => null,
    extensions: readonly string[] = ['PIPELINING', '8BITMIME', 'SIZE 1000000', 'DSN'],
    place: { readonly address?: string; readonly port?: number; readonly tls?: TlsOptions } = {},
  ): Promise<RemoteServer> {
    const server = createServer();
    const remote = new RemoteServer(server, script, extensions, place.tls ?? {});
    server.listen(place.port ?? 0, place.address ?? '127.0.0.1');
    await once(server, 'listening');
    return remote;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Waits until it has got so many messages. */
  async messages(count: number): Promise<readonly Received[]> {
    while (this.received.length < count) await this.#changed.promise;
    return this.received;
  }

  /** Waits until it has heard a command that begins so, so many times. */
  async hears(start: string, count = 1): Promise<void> {
    while (this.heard.filter((line) => line.startsWith(start)).length < count) await this.#changed.promise;
  }

  async #serve(session: SmtpSession, connection: number): Promise<void> {
    const { socket } = session;
    const say = async (line: string, otherwise: string) => {
      const reply = (await this.#script(line, session, connection)) ?? otherwise;
      if (reply !== '') session.send(...reply.split('\n'));
      return reply;
    };
    await say('connect', '220 remote.example ESMTP');
    let mail = '';
    let rcpts: string[] = [];
    const chunks: string[] = [];
    for (;;) {
      const line = await session.line();
      if (line === '' || hasLeft(session)) return;
      this.heard.push(line);
      this.#tell();
      if (/^EHLO/.test(line)) {
        const lines = ['remote.example', ...this.#extensions];
        await say(line, lines.map((text, i) => `250${i === lines.length - 1 ? ' ' : '-'}${text}`).join('\n'));
      } else if (/^MAIL/.test(line)) {
        mail = line;
        rcpts = [];
        await say(line, '250 2.1.0 Ok');
      } else if (/^RCPT/.test(line)) {
        if ((await say(line, '250 2.1.5 Ok')).startsWith('250')) rcpts.push(line);
      } else if (line === 'DATA') {
        const reply = await say(line, rcpts.length === 0 ? '554 5.5.1 No valid recipients' : '354 Go ahead');
        if (!reply.startsWith('354')) continue;
        const message: string[] = [];
        for (;;) {
          const next = await session.line();
          if (next === '.') break;
          if (hasLeft(session)) return;
          message.push(next);
        }
        const answer = await say('.', '250 2.0.0 Taken');
        if (!answer.startsWith('250') && answer !== '') continue;
        this.received.push({ mail, rcpts, message: message.join('\n') });
        this.#tell();
      } else if (/^BDAT/.test(line)) {
        // Chunks as tests have them: of whole lines.
        const [, size = '0', last = null] = line.split(' ');
        for (let left = Number(size); left > 0; ) {
          const next = await session.line();
          if (hasLeft(session)) return;
          chunks.push(next);
          left -= Buffer.byteLength(next) + 2;
        }
        const answer = await say(line, '250 2.0.0 Ok');
        if (last === null || !answer.startsWith('250')) continue;
        this.received.push({ mail, rcpts, message: chunks.splice(0).join('\n') });
        this.#tell();
      } else if (line === 'QUIT') {
        await say(line, '221 2.0.0 Bye');
        socket.end();
        return;
      } else await say(line, '250 2.0.0 Ok');
    }
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
