import { once } from 'node:events';
import { connect } from 'node:net';
import { type Directory, DirectoryError } from '@postel/directory';
import { type ContentWriter, StorageError, type StorageErrorKind } from '@postel/storage';
import { describe, expect, test, vi } from 'vitest';
import { COMMAND_LINE_MS, DATA_MS, LOGIN_MS } from './limits.ts';
import { replies, storageReplies } from './replies.ts';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';
import { SmtpClient } from './testing/smtp-client.ts';

const MINUTE = 60_000;

test('when it stops, who is idle hears 421 and who sends a message finishes', async () => {
  await using own = await startOwnServer();
  const { address } = own.account;
  await using idle = await own.logIn();
  await using busy = await own.logIn();
  await busy.dialogue`
    C: MAIL FROM:<${address}>
    C: RCPT TO:<${address}>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 354 ...
  `;
  const stopped = own.server.stop(MINUTE);
  expect(await idle.closed()).toEqual([expect.stringMatching(/^421 4\.3\.2 Shutting down/)]);
  await expect(SmtpClient.connect(own.port)).rejects.toThrow('ECONNREFUSED');
  await busy.dialogue`
    C: Subject: just in time
    C: .
    S: 250 2.0.0 Accepted as {id}
    S: 421 4.3.2 ...
    S: (closed)
  `;
  await stopped;
});

test('who does not finish in time hears 421 too', async () => {
  await using own = await startOwnServer();
  await using client = await own.logIn();
  await client.command(`MAIL FROM:<${own.account.address}>`);
  await own.server.stop(1);
  expect(await client.closed()).toEqual([expect.stringMatching(/^421 4\.3\.2 /)]);
});

test('a port in use is told as listen tells it', async () => {
  await using own = await startOwnServer();
  await expect(startOwnServer({}, { port: own.port })).rejects.toMatchObject({ code: 'EADDRINUSE', port: own.port });
});

test('hardening 6: without TLS there is no AUTH where plain-text logins are not allowed', async () => {
  await using own = await startOwnServer({}, { allowPlaintextLogin: false });
  await using client = await SmtpClient.connect(own.port);
  await client.dialogue`
    S: 220 ...
    C: EHLO client.example
    S: 250-localhost
    S: 250-PIPELINING
    S: 250-SIZE 104857600
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-CHUNKING
    S: 250-BINARYMIME
    S: 250-LIMITS RCPTMAX=1000
    S: 250-DSN
    S: 250-FUTURERELEASE 31622400 ...
    S: 250 STARTTLS
    C: AUTH PLAIN AG1hcnkAbWFyeXMgcGFzc3dvcmQ=
    S: 538 5.7.11 ...
    C: AUTH LOGIN
    S: 538 5.7.11 ...
    C: MAIL FROM:<mary@localhost>
    S: 530 5.7.0 Use STARTTLS and log in first...
  `;
});

test('when the directory does not answer, nobody`s password is wrong', async () => {
  const unavailable = () => Promise.reject(new DirectoryError('unavailable', 'The database does not answer'));
  await using own = await startOwnServer();
  const directory: Directory = {
    ...own.directory,
    beginLogin: (...args) => Object.assign(own.directory.beginLogin(...args), { verifyPassword: unavailable }),
  };
  await using down = await startOwnServer({ directory });
  await using client = await SmtpClient.connect(down.port);
  await client.dialogue`
    S: 220 ...
    C: EHLO client.example
    S: ...
    C: AUTH PLAIN AG1hcnkAbWFyeXMgcGFzc3dvcmQ=
    S: 454 4.7.0 ...
  `;
  const halfDown = { ...own.directory, mayUseAddress: unavailable };
  await using partly = await startOwnServer({ directory: halfDown });
  await using another = await partly.logIn();
  expect(await another.command('MAIL FROM:<mary@localhost>')).toMatch(/^451 4\.3\.0 /);
});

/** A store that takes in messages and then fails. */
function failingStore(error: Error) {
  const writer: Pick<ContentWriter, 'write' | 'finish' | 'abort'> = {
    write: async () => {},
    finish: () => Promise.reject(error),
    abort: async () => {},
  };
  const deliver = () => Promise.reject(error);
  const requireDiskRoom = () => Promise.resolve();
  const waitingUse = () => Promise.resolve(new Map());
  const receive = () => writer as ContentWriter;
  return { receive, keepWaiting: deliver, deliverToEach: deliver, waitingUse, requireDiskRoom };
}

test.for(Object.keys(storageReplies) as StorageErrorKind[])(
  'a storage error of kind %s has its answer',
  async (kind) => {
    await using own = await startOwnServer({ store: failingStore(new StorageError(kind, 'as the test wants it')) });
    await using client = await own.logIn();
    await client.dialogue`
    C: MAIL FROM:<${own.account.address}>
    C: RCPT TO:<${own.account.address}>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 354 ...
    C: .
  `;
    const reply = storageReplies[kind];
    if (reply === null) expect(await client.closed()).toEqual([]);
    else expect(await client.reply()).toEqual([expect.stringMatching(`^${reply[0]} ${reply[1]} `)]);
  },
);

test('a fault of ours is answered 451 and shows nothing of itself', async () => {
  await using own = await startOwnServer({ store: failingStore(new TypeError('secret detail')) });
  await using client = await own.logIn();
  await client.dialogue`
    C: MAIL FROM:<${own.account.address}>
    C: RCPT TO:<${own.account.address}>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 354 ...
    C: .
    S: 451 4.3.0 ${replies.unavailable[2]}...
    C: NOOP
    S: 250 ...
  `;
});

test('an account without room refuses the message for now', async () => {
  const full = new StorageError('over-quota', 'full');
  await using own = await startOwnServer({ store: failingStore(full) });
  await using client = await own.logIn();
  await client.dialogue`
    C: MAIL FROM:<${own.account.address}>
    C: RCPT TO:<${own.account.address}>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 354 ...
    C: .
    S: 452 4.2.2 ...
  `;
});

test('a message is taken from the socket no faster than it is stored', async () => {
  const firstPiece = Promise.withResolvers<void>();
  const disk = Promise.withResolvers<void>();
  let storedOctets = 0;
  const slow: Pick<ContentWriter, 'write' | 'finish' | 'abort'> = {
    async write(piece) {
      firstPiece.resolve();
      await disk.promise;
      storedOctets += piece.length;
    },
    finish: () => Promise.reject(new StorageError('disk-full', 'full')),
    abort: async () => {},
  };
  await using own = await startOwnServer({
    store: {
      receive: () => slow as ContentWriter,
      deliverToEach: () => Promise.resolve([]),
      keepWaiting: () => Promise.resolve(true),
      requireDiskRoom: () => Promise.resolve(),
      waitingUse: () => Promise.resolve(new Map()),
    },
  });
  await using client = await own.logIn();
  await client.dialogue`
    C: MAIL FROM:<${own.account.address}>
    C: RCPT TO:<${own.account.address}>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 354 ...
  `;
  const [connection] = own.server.connections;
  const chunk = Buffer.from(`${'x'.repeat(1_022)}\r\n`.repeat(64));
  client.send('\r\n');
  const sent = client.sendAll(Array.from({ length: 480 }, () => chunk));
  await firstPiece.promise;
  // The client has filled what lies between it and the server, which reads no more.
  await vi.waitFor(() => expect(client.socket.writableNeedDrain).toBe(true));
  expect(connection?.socket.bytesRead).toBeLessThan(512 * 1024);
  disk.resolve();
  await sent;
  client.send('.\r\n');
  expect(await client.reply()).toEqual([expect.stringMatching(/^452 4\.3\.1 /)]);
  expect(storedOctets).toBe('\r\n'.length + 480 * chunk.length);
});

test('a client that does not read its replies is not read from', async () => {
  await using own = await startOwnServer();
  await using client = await own.logIn();
  client.socket.pause();
  const [connection] = own.server.connections;
  const noops = Buffer.from('HELP\r\n'.repeat(10_000));
  const sent = client.sendAll(Array.from({ length: 500 }, () => noops));
  await vi.waitFor(() => expect(client.socket.writableNeedDrain && connection?.socket.writableNeedDrain).toBe(true));
  expect(connection?.socket.writableLength).toBeLessThan(128 * 1024);
  client.socket.destroy();
  await sent;
  if (connection?.socket.destroyed === false) await once(connection.socket, 'close');
});

test('who is silent for too long hears 421', async () => {
  await using own = await startOwnServer();
  await using client = await own.logIn();
  const [connection] = own.server.connections;
  connection?.socket.emit('timeout');
  expect(await client.closed()).toEqual([expect.stringMatching(/^421 4\.4\.2 /)]);
});

describe('hardening 11: an octet from time to time', () => {
  /** Sends text, and waits until the server has read it. */
  async function send(own: OwnServer, client: SmtpClient, text: string): Promise<void> {
    const [connection] = own.server.connections;
    const octets = (connection?.socket.bytesRead ?? 0) + text.length;
    client.send(text);
    await vi.waitFor(() => expect(connection?.socket.bytesRead).toBe(octets));
  }

  async function startWithClock(replaced: Parameters<typeof startOwnServer>[0] = {}, kind: 'mx' | 'lmtp' = 'mx') {
    const clock = { nowMs: 0 };
    const own = await startOwnServer({ now: () => clock.nowMs, ...replaced }, { kind });
    return { own, clock };
  }

  /** Up to 354. */
  async function beginMessage(client: SmtpClient): Promise<void> {
    await client.dialogue`
      C: MAIL FROM:<sender@elsewhere.example>
      C: RCPT TO:<mary@localhost>
      C: DATA
      S: 250 ...
      S: 250 ...
      S: 354 ...
    `;
  }

  test('a command line ends in time', async () => {
    const { own, clock } = await startWithClock();
    await using _own = own;
    await using client = await own.connect();
    clock.nowMs += COMMAND_LINE_MS + 1; // before the line, nothing has begun
    for (const end of ['', 'P']) {
      await send(own, client, 'N');
      clock.nowMs += COMMAND_LINE_MS;
      await send(own, client, 'O');
      clock.nowMs += 1;
      if (end === '')
        expect(await client.command('OP')).toBe('250 2.0.0 OK'); // late and complete
      else client.send('O');
    }
    expect(await client.closed()).toEqual([expect.stringMatching(/^421 4\.4\.2 Too slow/)]);
  });

  test('hardening 11: a login comes in time; who has logged in may take any', async () => {
    const clock = { nowMs: 0 };
    await using own = await startOwnServer({ now: () => clock.nowMs });
    await using person = await own.logIn();
    await using silent = await own.connect();
    clock.nowMs += LOGIN_MS;
    expect(await silent.command('NOOP')).toBe('250 2.0.0 OK');
    clock.nowMs += 1;
    silent.send('NOOP\r\n');
    expect(await silent.closed()).toEqual([expect.stringMatching(/^421 4\.4\.2 No login for too long/)]);
    expect(await person.command('NOOP')).toBe('250 2.0.0 OK');
  });

  test('so does a response to a challenge', async () => {
    const clock = { nowMs: 0 };
    await using own = await startOwnServer({ now: () => clock.nowMs });
    await using client = await own.connect();
    expect(await client.command('AUTH PLAIN')).toMatch(/^334/);
    await send(own, client, 'AG1h');
    clock.nowMs += COMMAND_LINE_MS + 1;
    client.send('c');
    expect(await client.closed()).toEqual([expect.stringMatching(/^421 4\.4\.2 Too slow/)]);
  });

  test.for(['mx', 'lmtp'] as const)('a message comes at a rate, to %s', async (kind) => {
    const { own, clock } = await startWithClock({}, kind);
    await using _own = own;
    await using client = await own.connect();
    await beginMessage(client);
    clock.nowMs += DATA_MS;
    await send(own, client, 'Subject: slow\r\n\r\n');
    for (let second = 0; second < 5; second++) {
      clock.nowMs += 1_000;
      await send(own, client, `${'x'.repeat(998)}\r\n`);
    }
    clock.nowMs += 60_000;
    client.send('x');
    expect(await client.closed()).toEqual([expect.stringMatching(/^421 4\.4\.2 Too slow/)]);
    expect(await own.messages()).toEqual([]);
  });

  test('a message that is complete is taken, however long it took', async () => {
    const { own, clock } = await startWithClock();
    await using _own = own;
    await using client = await own.connect();
    await beginMessage(client);
    await send(own, client, 'Subject: late\r\n');
    clock.nowMs += 10 * DATA_MS;
    client.send('.\r\n');
    expect(await client.reply()).toEqual([expect.stringMatching(/^250 /)]);
    expect(await own.messages()).toHaveLength(1);
  });

  test('time that our disk takes is not the client`s', async () => {
    const store = failingStore(new StorageError('disk-full', 'full'));
    const clock = { nowMs: 0 };
    const write = async () => {
      clock.nowMs += 10 * DATA_MS;
    };
    const receive = () => Object.assign(store.receive(), { write });
    await using own = await startOwnServer({ now: () => clock.nowMs, store: { ...store, receive } }, { kind: 'mx' });
    await using client = await own.connect();
    await beginMessage(client);
    await send(own, client, 'Subject: one\r\n');
    await send(own, client, 'X-Two: two\r\n');
    client.send('.\r\n');
    expect(await client.reply()).toEqual([expect.stringMatching(/^452 4\.3\.1 /)]);
    expect(clock.nowMs).toBeGreaterThan(DATA_MS);
  });

  test('what is passed over of a chunk comes at a rate too', async () => {
    const { own, clock } = await startWithClock();
    await using _own = own;
    await using client = await own.connect();
    await send(own, client, 'BDAT 1000 LAST\r\n');
    clock.nowMs += DATA_MS + 1_000;
    client.send('x');
    expect(await client.closed()).toEqual([expect.stringMatching(/^421 4\.4\.2 Too slow/)]);
  });
});

test.for(['starttls', 'implicit'] as const)(
  'connections that end anyhow, with %s, leave nothing behind',
  async (tls) => {
    await using own = await startOwnServer({}, { tls, kind: 'mx' });
    const openings = [
      '',
      'EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<mary@localhost>\r\nDATA\r\n',
      'STARTTLS\r\n',
      'STARTTLS\r\nno TLS at all\r\n',
      'QUIT\r\n',
      '\x16\x03\x01\x02\x00\x01',
    ];
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const socket = connect(own.port, '127.0.0.1');
        await once(socket, 'connect');
        socket.on('error', () => {});
        socket.resume();
        socket.write(openings[i % openings.length] ?? '', () => {
          if (i % 4 === 0) socket.resetAndDestroy();
          else if (i % 4 === 1) socket.destroy();
          else socket.end();
        });
        await once(socket, 'close');
      }),
    );
    await vi.waitFor(() => expect(own.server.connections.size).toBe(0));
  },
);

test('when it stops, nobody is waited for who never began a handshake', async () => {
  await using own = await startOwnServer({}, { tls: 'implicit' });
  const socket = connect(own.port, '127.0.0.1');
  await once(socket, 'connect');
  await vi.waitFor(() => expect(own.server.connections.size).toBe(1));
  const closed = once(socket, 'close');
  await own.server.stop(MINUTE);
  await closed;
});

test('who does not read is not waited for either', async () => {
  await using own = await startOwnServer();
  await using client = await own.logIn();
  client.socket.pause();
  const sent = client.sendAll(Array.from({ length: 200 }, () => Buffer.from('HELP\r\n'.repeat(10_000))));
  const [connection] = own.server.connections;
  await vi.waitFor(() => expect(connection?.socket.writableNeedDrain).toBe(true), 10_000);
  await own.server.stop(MINUTE);
  client.socket.destroy();
  await sent;
});
