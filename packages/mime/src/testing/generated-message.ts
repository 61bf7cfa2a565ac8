import fc from 'fast-check';

/** A message or part made for a test, and what must be found in it. */
export type Tree =
  | { readonly kind: 'leaf'; readonly body: Buffer }
  | {
      readonly kind: 'multipart';
      readonly parts: readonly Tree[];
      readonly preamble: boolean;
      readonly epilogue: boolean;
    }
  | { readonly kind: 'message'; readonly message: Tree };

export const trees: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({
      kind: fc.constant('leaf' as const),
      // None ends in CR, which no reader can tell from a part of the line end that follows.
      body: fc
        .array(fc.constantFrom('', 'text', '--', '--x', '\rx', '\n', '\r\n', '--=_0_', '\0', '\xe9', 'From: x'))
        .map((pieces) => Buffer.from(pieces.join(''), 'latin1')),
    }),
    fc.record({
      kind: fc.constant('multipart' as const),
      parts: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
      preamble: fc.boolean(),
      epilogue: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('message' as const), message: tie('tree') }),
  ),
})).tree;

/** The octets of a tree, and the body of each numbered part (RFC 9051 §6.4.5.1) as `1.2.1`. */
export function build(root: Tree, lineEnd: string): { readonly octets: Buffer; readonly bodies: Map<string, Buffer> } {
  const bodies = new Map<string, Buffer>();
  let boundaries = 0;
  const bytes = (text: string) => Buffer.from(text, 'latin1');

  const write = (tree: Tree, path: readonly number[], isMessage: boolean): { header: Buffer; body: Buffer } => {
    // A message that is no multipart has its body as part 1; elsewhere a part is numbered by what is around it.
    const own = isMessage && tree.kind !== 'multipart' ? [...path, 1] : path;
    const subject = isMessage ? `Subject: at ${own.join('.')}${lineEnd}` : '';
    let type: string;
    let body: Buffer;
    switch (tree.kind) {
      case 'leaf':
        type = '';
        body = tree.body;
        break;
      case 'multipart': {
        const boundary = `=_${boundaries++}`;
        type = `Content-Type: multipart/mixed;${lineEnd} boundary="${boundary}"${lineEnd}`;
        const pieces: Buffer[] = [bytes(tree.preamble ? `preamble${lineEnd}` : '')];
        for (const [index, part] of tree.parts.entries()) {
          const { header, body: partBody } = write(part, [...path, index + 1], false);
          pieces.push(bytes(`--${boundary}${lineEnd}`), header, partBody, bytes(lineEnd));
        }
        pieces.push(bytes(`--${boundary}--${tree.epilogue ? `${lineEnd}epilogue` : ''}`));
        body = Buffer.concat(pieces);
        break;
      }
      case 'message': {
        type = `Content-Type: message/rfc822${lineEnd}`;
        const embedded = write(tree.message, own, true);
        body = Buffer.concat([embedded.header, embedded.body]);
        break;
      }
    }
    // The multipart that is a message's root has no number of its own.
    if (!isMessage || tree.kind !== 'multipart') bodies.set(own.join('.'), body);
    return { header: bytes(`${subject}${type}${lineEnd}`), body };
  };
  const { header, body } = write(root, [], true);
  return { octets: Buffer.concat([header, body]), bodies };
}
