const LINE_THAT_BEGINS_WITH_A_DOT = Buffer.from('\r\n.');
const DOT = Buffer.from('.');

/** A message as DATA has it, but for the final dot: RFC 5321 §4.5.2. @param message its lines end in CRLF, the last too */
export function stuffDots(message: Buffer): Buffer {
  const pieces: Buffer[] = message[0] === DOT[0] ? [DOT] : [];
  let start = 0;
  for (;;) {
    const found = message.indexOf(LINE_THAT_BEGINS_WITH_A_DOT, start);
    if (found === -1) break;
    const end = found + LINE_THAT_BEGINS_WITH_A_DOT.length;
    pieces.push(message.subarray(start, end), DOT);
    start = end;
  }
  return pieces.length === 0 ? message : Buffer.concat([...pieces, message.subarray(start)]);
}
