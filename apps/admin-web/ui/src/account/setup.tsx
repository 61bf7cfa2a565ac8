import type { Setup } from '../../../src/schemas/account.ts';
import { Card, CopyButton, Empty, PageHead, Show } from '../parts/basics.tsx';
import { Link } from '../router.tsx';
import { useData } from '../use-data.ts';

export function SetupPage() {
  const setup = useData<Setup>('/account/setup');
  return (
    <>
      <PageHead title="Set up a mail program" lead="What Thunderbird, Apple Mail, K-9 and others ask for." />
      <Show of={setup}>
        {({ userName, address, incoming, outgoing }) => (
          <>
            <div class="grid">
              <Servers title="Incoming: IMAP" servers={incoming} userName={userName} />
              <Servers title="Outgoing: SMTP" servers={outgoing} userName={userName} />
            </div>
            <Card title="Password">
              <p>
                Give each program a password of its own, which you can take back alone: make an{' '}
                <Link to="/account/app-passwords">app password</Link>. Or let a program log in by a key, without any
                password: <Link to="/account/devices">add a device</Link>.
              </p>
              {address === null ? <p>This account has no address: the program may ask for one all the same.</p> : null}
            </Card>
          </>
        )}
      </Show>
    </>
  );
}

interface ServersProps {
  readonly title: string;
  readonly servers: Setup['incoming'];
  readonly userName: string;
}

function Servers({ title, servers, userName }: ServersProps) {
  const [best, other] = servers;
  if (best === undefined) {
    return (
      <Card title={title}>
        <Empty>This server does not offer it.</Empty>
      </Card>
    );
  }
  return (
    <Card title={title}>
      <dl class="facts">
        <dt>Server</dt>
        <dd class="actions">
          <span class="code">{best.host}</span>
          <CopyButton text={best.host} what={`the server for ${title}`} />
        </dd>
        <dt>Port</dt>
        <dd class="code">{best.port}</dd>
        <dt>Security</dt>
        <dd>{best.security === 'TLS' ? 'SSL/TLS' : 'STARTTLS'}</dd>
        <dt>User name</dt>
        <dd class="actions">
          <span class="code">{userName}</span>
          <CopyButton text={userName} what={`the user name for ${title}`} />
        </dd>
      </dl>
      {other === undefined ? null : (
        <p class="quiet small">
          Where that does not work: port {other.port} with {other.security}.
        </p>
      )}
    </Card>
  );
}
