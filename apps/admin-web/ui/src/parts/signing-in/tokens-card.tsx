import { useState } from 'preact/hooks';
import type { Tokens } from '../../../../src/schemas/sign-in.ts';
import { call } from '../../api.ts';
import { t } from '../../texts/texts.ts';
import { useData } from '../../use-data.ts';
import { Card, Choice, Field } from '../basics.tsx';
import { Dialog, WorkForm } from '../dialog.tsx';
import { Rich } from '../rich.tsx';
import { ShownOnce } from '../secret.tsx';
import { RemovableList } from './removable-list.tsx';

const SCOPES = ['account:read', 'account:write', 'admin:read', 'admin:write'] as const;

/** Tokens for programs that use the API. */
export function TokensCard({ hasAccount }: { hasAccount: boolean }) {
  const tokens = useData<Tokens>('/tokens');
  const [isAdding, setAdding] = useState(false);
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly string[]>([hasAccount ? 'account:read' : 'admin:read']);
  const [made, setMade] = useState<string | null>(null);
  const offered = SCOPES.filter((scope) => scope.startsWith(hasAccount ? 'account:' : 'admin:'));
  const add = async () => {
    setMade((await call<{ token: string }>('POST', '/tokens', { body: { name, scopes } })).data.token);
    setAdding(false);
    setName('');
    tokens.reload();
  };
  return (
    <Card title={t.signingIn.tokens}>
      <p class="quiet small">
        <Rich text={t.signingIn.tokensText} parts={{ api: (text) => <a href="/api/v1/openapi.json">{text}</a> }} />
      </p>
      <RemovableList of={tokens} path="/tokens" about={({ scopes: has }) => has.join(', ')} />
      <div class="actions">
        <button type="button" onClick={() => setAdding(true)}>
          {t.signingIn.makeToken}
        </button>
      </div>
      {isAdding ? (
        <Dialog title={t.signingIn.makeToken} onClose={() => setAdding(false)}>
          <WorkForm submit={t.signingIn.makeIt} onSubmit={add} onCancel={() => setAdding(false)}>
            <Field label={t.signingIn.tokenWhat} value={name} onValue={setName} required autoFocus />
            <fieldset class="stack">
              <legend>{t.signingIn.tokenMay}</legend>
              {offered.map((scope) => (
                <Choice
                  key={scope}
                  label={t.signingIn.scopes[scope]}
                  isOn={scopes.includes(scope)}
                  onChange={(isOn) => setScopes(isOn ? [...scopes, scope] : scopes.filter((each) => each !== scope))}
                />
              ))}
            </fieldset>
          </WorkForm>
        </Dialog>
      ) : null}
      {made === null ? null : (
        <ShownOnce
          title={t.signingIn.yourToken}
          notice={t.signingIn.tokenShown}
          secret={made}
          what={t.signingIn.theToken}
          onClose={() => setMade(null)}
        />
      )}
    </Card>
  );
}
