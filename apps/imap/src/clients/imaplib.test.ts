import { MailProgram, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

/** What a person would type; anything unexpected is an error, and shown. */
const IMAPLIB = `
import imaplib, ssl, sys
port, ca, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
client = imaplib.IMAP4('localhost', port)
client.starttls(ssl.create_default_context(cafile=ca))
client.login(user, password)
message = b'Subject: imaplib\\r\\n\\r\\n' + b'x' * 5000
def check(answer, expected=None):
    assert answer[0] == 'OK', answer
    if expected is not None: assert answer[1] == expected, answer
    return answer[1]
check(client.create('Work'))
check(client.append('Work', '(\\\\Flagged)', None, message))
check(client.select('Work'), [b'1'])
assert check(client.fetch('1', '(RFC822)'))[0][1] == message
check(client.copy('1', 'INBOX'))
check(client.rename('Work', 'Office'))
check(client.subscribe('Office'))
assert check(client.lsub('""', 'Off%'), [b'() "/" Office'])
check(client.unsubscribe('Office'))
check(client.rename('Office', 'Work'))
check(client.namespace(), [b'(("" "/")) (("Other Users/" "/")) NIL'])
check(client.status('INBOX', '(MESSAGES)'), [b'INBOX (MESSAGES 1)'])
check(client.store('1', '+FLAGS', '\\\\Deleted'))
check(client.search(None, 'DELETED'), [b'1'])
check(client.expunge(), [b'1'])
check(client.status('Work', '(MESSAGES)'), [b'Work (MESSAGES 0)'])
assert check(client.getquotaroot('Work')) == [[b'Work "User quota"'], [b'"User quota" (MESSAGE 1 2)']]
assert check(client.getquota('"User quota"')) == [b'"User quota" (MESSAGE 1 2)']
check(client.append('Work', None, None, message))
full = client.append('Work', None, None, message)
assert full[0] == 'NO' and full[1][0].startswith(b'[OVERQUOTA] '), full
check(client.close())
check(client.delete('Work'))
client.logout()
`;

test("Python's imaplib: mailboxes, messages, flags and search after STARTTLS", async ({ skip }) => {
  requirePrograms(skip, 'python3');
  const account = await server.addAccount();
  await server.postel.setQuota(account, { messages: 2 });
  using program = new MailProgram(server.postel, account);
  const script = program.write('imaplib-sample.py', IMAPLIB);
  const { name, password } = account;
  expect(await program.run('python3', script, `${server.postel.ports.imap}`, program.caFile, name, password)).toBe('');
});
