import { expect, test } from 'vitest';
import { decodeKept, encodeKept, type KeptMessage } from './kept-message.ts';
import { parseArguments } from './parse-arguments.ts';

const keptFrom = (args: readonly string[]): KeptMessage => {
  const { settings, ...parsed } = parseArguments(args);
  const id = '20261123T165231Z-04657912b1a403d4';
  const failure = { text: '', isRefused: true };
  return { id, at: new Date(0), args: parsed, input: Buffer.from('Subject: x\n\nhi\n'), settings, failure };
};

test.for([
  [['mary@example.com']],
  [['']], // as from a script whose variable is empty
  [['--domain=', '--account', '', '--keep=', 'mary']],
  [['-f', '', '-F', '', '-t']],
  [['-f', '__proto__', '-N', 'never', '-R', 'full', '-V', 'x', '--', '-"\n\u2028\u00e9\u{1f4ee}']],
] as const)('whatever stands on a command line can be read again from the file: %j', ([args]) => {
  const kept = keptFrom(args);
  const { recipients, takesHeaderRecipients, ignoresDots, sender, senderName, status, holdUntil } = kept.args;
  expect(decodeKept(kept.id, encodeKept(kept))).toEqual({
    ...kept,
    args: { recipients, takesHeaderRecipients, ignoresDots, sender, senderName, status, holdUntil },
  });
});
