import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** Debian's Python, which has its packages; another one may come first in PATH. */
const PYTHON = '/usr/bin/python3';

const SCRIPT = `
import base64, dkim, json, sys
asked = json.load(sys.stdin)
def find(name, timeout=5):
    record = asked['records'].get(name.decode().rstrip('.'))
    return record.encode() if record is not None else None
message = base64.b64decode(asked['message'])
verifier = dkim.DKIM(message)
def verify(i):
    try:
        return verifier.verify(i, dnsfunc=find)
    except dkim.DKIMException as error:
        return str(error)
count = sum(1 for name, _ in verifier.headers if name.lower() == b'dkim-signature')
print(json.dumps([verify(i) for i in range(count)]))
`;

/**
 * What dkimpy, which shares no code with Postel, says of each DKIM signature of a message, from the top: true, or what is wrong. Of
 * Debian's package python3-dkim, with python3-nacl; `requirePrograms(skip, 'dkimverify')`.
 *
 * @param records TXT records by their names
 */
export async function verifyByDkimpy(
  message: Buffer,
  records: Readonly<Record<string, string>>,
): Promise<readonly (boolean | string)[]> {
  const child = spawn(PYTHON, ['-c', SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ message: message.toString('base64'), records }));
  return JSON.parse(await text(child.stdout));
}
