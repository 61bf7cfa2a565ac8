import type { Setup } from '../../../src/schemas/account.ts';
import { Card, CopyButton, Empty, PageHead, Show } from '../parts/basics.tsx';
import { Rich } from '../parts/rich.tsx';
import { Link } from '../router.tsx';
import { t } from '../texts/texts.ts';
import { useData } from '../use-data.ts';

export function SetupPage() {
  const setup = useData<Setup>('/account/setup');
  return (
    <>
      <PageHead title={t.setup.title} lead={t.setup.lead} />
      <Show of={setup}>
        {({ userName, address, incoming, outgoing }) => (
          <>
            <div class="grid">
              <Servers title={t.setup.incoming} servers={incoming} userName={userName} />
              <Servers title={t.setup.outgoing} servers={outgoing} userName={userName} />
            </div>
            <Card title={t.setup.password}>
              <p>
                <Rich
                  text={t.setup.passwordText}
                  parts={{
                    appPassword: (text) => <Link to="/account/app-passwords">{text}</Link>,
                    device: (text) => <Link to="/account/devices">{text}</Link>,
                  }}
                />
              </p>
              {address === null ? <p>{t.setup.noAddress}</p> : null}
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
        <Empty>{t.setup.notOffered}</Empty>
      </Card>
    );
  }
  return (
    <Card title={title}>
      <dl class="facts">
        <dt>{t.setup.server}</dt>
        <dd class="actions">
          <span class="code">{best.host}</span>
          <CopyButton text={best.host} what={t.setup.serverFor(title)} />
        </dd>
        <dt>{t.setup.port}</dt>
        <dd class="code">{best.port}</dd>
        <dt>{t.setup.security}</dt>
        <dd>{best.security === 'TLS' ? 'SSL/TLS' : 'STARTTLS'}</dd>
        <dt>{t.setup.userName}</dt>
        <dd class="actions">
          <span class="code">{userName}</span>
          <CopyButton text={userName} what={t.setup.userNameFor(title)} />
        </dd>
      </dl>
      {other === undefined ? null : <p class="quiet small">{t.setup.otherPort(other.port, other.security)}</p>}
    </Card>
  );
}
