import { defineCommand } from '../command.ts';
import { parseArguments } from '../sendmail/parse-arguments.ts';

export const sendmail = defineCommand({
  name: 'sendmail',
  operands: '[-t] [-i] [-f ADDRESS] [OPTIONS] [RECIPIENT...]',
  summary: 'submit a message from standard input, as other programs of that name do',
  help: `Hands the message to a submission server, over TLS, and ends when the server has it. Nothing is kept here: if it
fails, the exit status says so, and 75 that it may work later (sysexits.h). It is sent to all recipients or to none.

  -t                   also to those in To, Cc and Bcc
  -i                   a line with a dot alone does not end the message
  -f ADDRESS           whom it is from; else "from" of the file, else its Sender or From
  -F NAME              the name in From, if the message has no From
  -v                   say how the login was done, and what the server said

How to reach the server is in ~/.config/postel/sendmail.yaml or /etc/postel/sendmail.yaml, in this form, and may be said
by options of the same names (--password-file FILE):

  host: mail.example.com
  tls: implicit                # or starttls
  port: 465                    # 587 for starttls
  account: mary
  passwordFile: password       # its first line; or password, or POSTEL_SENDMAIL_PASSWORD in the environment
  keyFile: key.pem             # instead of a password: a private key that the account has, perhaps with certificate
  caFile: ca.pem               # who signed the server's certificate, if it is nobody that everybody knows
  serverKey: "sha256:..."      # or the fingerprint of the server's key, and no certificate counts
  from: mary@example.com       # whom mail is from that names nobody or a user of this machine
  domain: example.com          # for names without one: root is root@example.com

  --config FILE        another file

Other options that sendmails have are passed over, but for those that ask for something else than to send.

Examples:
  printf 'Subject: hi\\n\\nhi there\\n' | postel sendmail bob@example.org
  postel sendmail -t -i < message.eml
  postel sendmail --host mail.example.com --key-file key.pem -t < message.eml`,
  passesOn: true,
  parse: (line) => parseArguments(line.passedOn),
  async run(args, invocation) {
    const { runSendmail } = await import('../sendmail/run-sendmail.ts');
    await runSendmail(args, invocation);
  },
});
