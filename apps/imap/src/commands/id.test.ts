import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('RFC 2971 §3.1: ID is answered before login and after, with the version after', async () => {
  const mary = await server.addAccount();
  await using client = await server.connect();
  await client.dialogue`
    C: a023 ID ("name" "sodr" "version" "19.34" "vendor" NIL)
    S: * ID ("name" "Postel")
    S: a023 OK Identified
    C: a024 LOGIN ${mary.name} ${mary.password}
    S: a024 OK ...
    C: a042 ID NIL
    S: * ID ("name" "Postel" "version" "{version}")
    S: a042 OK Identified
    C: a043 ID ()
    S: * ID ("name" "Postel" "version" "{version}")
    S: a043 OK Identified
  `;
});

test('what the client says goes to the log once, printable, cut, and without fields that tell too much', async () => {
  await using client = await server.connect();
  const name = `program-${Math.random()}`;
  await client.dialogue`
    C: a1 ID ("NAME" "${name}" "version" {5+}
    C: 1
    C: 2é "arguments" "--password=secret-${name}" "__proto__" "x" "os" "${'o'.repeat(1_000)}")
    S: * ID ...
    S: a1 OK ...
    C: a2 ID ("name" "again-${name}")
    S: * ID ...
    S: a2 OK ...
  `;
  const lines = server
    .log()
    .split('\n')
    .filter((line) => line.includes(name));
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    msg: 'the client said what it is',
    program: { name, version: expect.stringMatching(/^1\?\?2\?+$/), os: 'o'.repeat(100) },
  });
  expect(lines[0]).not.toContain('secret');
});

test('hardening 14: ID within the limits of RFC 2971 §3.3 and not beyond', async () => {
  await using mary = await server.logIn();
  const pairs = (count: number) => Array.from({ length: count }, (_, i) => `"f${i}" "v"`).join(' ');
  await mary.dialogue`
    C: a1 ID (${pairs(30)})
    S: * ID ...
    S: a1 OK ...
    C: a2 ID (${pairs(31)})
    S: a2 BAD Too many fields...
    C: a3 ID ("${'f'.repeat(31)}" "v")
    S: a3 BAD ...
    C: a4 ID ("name" "${'v'.repeat(1_025)}")
    S: a4 BAD ...
    C: a5 ID ("name" "${'v'.repeat(1_024)}")
    S: * ID ...
    S: a5 OK ...
    C: a6 ID ("name")
    S: a6 BAD ...
    C: a7 ID (NIL "x")
    S: a7 BAD ...
    C: a8 ID
    S: a8 BAD ...
    C: a9 ID NILS
    S: a9 BAD ...
    C: b1 ID ("name" "a\
    S: b1 BAD ...
  `;
});
