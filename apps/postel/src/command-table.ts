import type { Command } from './command.ts';
import { completion } from './commands/completion.ts';
import { configAccountAdd } from './commands/config-account-add.ts';
import { configAccountApppasswordAdd } from './commands/config-account-apppassword-add.ts';
import { configAccountApppasswordList } from './commands/config-account-apppassword-list.ts';
import { configAccountApppasswordRm } from './commands/config-account-apppassword-rm.ts';
import { configAccountDisable } from './commands/config-account-disable.ts';
import { configAccountEnable } from './commands/config-account-enable.ts';
import { configAccountLimits } from './commands/config-account-limits.ts';
import { configAccountList } from './commands/config-account-list.ts';
import { configAccountLogins } from './commands/config-account-logins.ts';
import { configAccountQuota } from './commands/config-account-quota.ts';
import { configAccountRetention } from './commands/config-account-retention.ts';
import { configAccountRm } from './commands/config-account-rm.ts';
import { configAccountRole } from './commands/config-account-role.ts';
import { configAccountSent } from './commands/config-account-sent.ts';
import { configAccountSetpassword } from './commands/config-account-setpassword.ts';
import { configAddressAccount } from './commands/config-address-account.ts';
import { configAddressAdd } from './commands/config-address-add.ts';
import { configAddressList } from './commands/config-address-list.ts';
import { configAddressRm } from './commands/config-address-rm.ts';
import { configAliasAdd } from './commands/config-alias-add.ts';
import { configAliasAddaddr } from './commands/config-alias-addaddr.ts';
import { configAliasList } from './commands/config-alias-list.ts';
import { configAliasPrint } from './commands/config-alias-print.ts';
import { configAliasRm } from './commands/config-alias-rm.ts';
import { configAliasRmaddr } from './commands/config-alias-rmaddr.ts';
import { configAliasUpdate } from './commands/config-alias-update.ts';
import { configApply } from './commands/config-apply.ts';
import { configAudit } from './commands/config-audit.ts';
import { configCheck } from './commands/config-check.ts';
import { configClientconfig } from './commands/config-clientconfig.ts';
import { configDiff } from './commands/config-diff.ts';
import { configDkimAdd } from './commands/config-dkim-add.ts';
import { configDkimList } from './commands/config-dkim-list.ts';
import { configDkimRm } from './commands/config-dkim-rm.ts';
import { configDkimRotate } from './commands/config-dkim-rotate.ts';
import { configDnscheck } from './commands/config-dnscheck.ts';
import { configDnsrecords } from './commands/config-dnsrecords.ts';
import { configDomainAdd } from './commands/config-domain-add.ts';
import { configDomainDisable } from './commands/config-domain-disable.ts';
import { configDomainEnable } from './commands/config-domain-enable.ts';
import { configDomainList } from './commands/config-domain-list.ts';
import { configDomainRm } from './commands/config-domain-rm.ts';
import { configDomainUpdate } from './commands/config-domain-update.ts';
import { configDump } from './commands/config-dump.ts';
import { configExample } from './commands/config-example.ts';
import { configLimits } from './commands/config-limits.ts';
import { configLoginLimitsClear } from './commands/config-login-limits-clear.ts';
import { configLoginLimitsList } from './commands/config-login-limits-list.ts';
import { configLoglevels } from './commands/config-loglevels.ts';
import { configMailboxShare } from './commands/config-mailbox-share.ts';
import { configQuota } from './commands/config-quota.ts';
import { configRouteAdd } from './commands/config-route-add.ts';
import { configRouteDefault } from './commands/config-route-default.ts';
import { configRouteList } from './commands/config-route-list.ts';
import { configRoutePrint } from './commands/config-route-print.ts';
import { configRouteRm } from './commands/config-route-rm.ts';
import { configRouteRuleAdd } from './commands/config-route-rule-add.ts';
import { configRouteRuleList } from './commands/config-route-rule-list.ts';
import { configRouteRuleRm } from './commands/config-route-rule-rm.ts';
import { configRouteTest } from './commands/config-route-test.ts';
import { configRouteUpdate } from './commands/config-route-update.ts';
import { configSetadminpassword } from './commands/config-setadminpassword.ts';
import { configStatus } from './commands/config-status.ts';
import { configStop } from './commands/config-stop.ts';
import { configTlspubkeyAdd } from './commands/config-tlspubkey-add.ts';
import { configTlspubkeyGen } from './commands/config-tlspubkey-gen.ts';
import { configTlspubkeyGet } from './commands/config-tlspubkey-get.ts';
import { configTlspubkeyList } from './commands/config-tlspubkey-list.ts';
import { configTlspubkeyRm } from './commands/config-tlspubkey-rm.ts';
import { configWebhookAdd } from './commands/config-webhook-add.ts';
import { configWebhookList } from './commands/config-webhook-list.ts';
import { configWebhookRm } from './commands/config-webhook-rm.ts';
import { configWebhookTest } from './commands/config-webhook-test.ts';
import { configWebhookUpdate } from './commands/config-webhook-update.ts';
import { heldCancel } from './commands/held-cancel.ts';
import { heldList } from './commands/held-list.ts';
import { help } from './commands/help.ts';
import { localserve } from './commands/localserve.ts';
import { migrate } from './commands/migrate.ts';
import { psql } from './commands/psql.ts';
import { purge } from './commands/purge.ts';
import { queueDrop } from './commands/queue-drop.ts';
import { queueFail } from './commands/queue-fail.ts';
import { queueHold } from './commands/queue-hold.ts';
import { queueHoldRuleAdd } from './commands/queue-hold-rule-add.ts';
import { queueHoldRuleList } from './commands/queue-hold-rule-list.ts';
import { queueHoldRuleRm } from './commands/queue-hold-rule-rm.ts';
import { queueList } from './commands/queue-list.ts';
import { queueRelease } from './commands/queue-release.ts';
import { queueRetry } from './commands/queue-retry.ts';
import { queueRoute } from './commands/queue-route.ts';
import { queueShow } from './commands/queue-show.ts';
import { queueSuppressAdd } from './commands/queue-suppress-add.ts';
import { queueSuppressList } from './commands/queue-suppress-list.ts';
import { queueSuppressRm } from './commands/queue-suppress-rm.ts';
import { queueTlsForget } from './commands/queue-tls-forget.ts';
import { queueTlsList } from './commands/queue-tls-list.ts';
import { quickstart } from './commands/quickstart.ts';
import { recover } from './commands/recover.ts';
import { reportsDmarcList } from './commands/reports-dmarc-list.ts';
import { reportsDmarcShow } from './commands/reports-dmarc-show.ts';
import { reportsImport } from './commands/reports-import.ts';
import { reportsPreview } from './commands/reports-preview.ts';
import { reportsTlsList } from './commands/reports-tls-list.ts';
import { reportsTlsShow } from './commands/reports-tls-show.ts';
import { sendmail } from './commands/sendmail.ts';
import { serve } from './commands/serve.ts';
import { trace } from './commands/trace.ts';
import { undelete } from './commands/undelete.ts';
import { verify } from './commands/verify.ts';
import { version } from './commands/version.ts';
import { waitingDrop } from './commands/waiting-drop.ts';
import { waitingList } from './commands/waiting-list.ts';
import { waitingRetry } from './commands/waiting-retry.ts';

/** Every command. What only one of them needs, it imports when it runs: a short command must not load a server. */
export const commands: readonly Command[] = [
  localserve,
  serve,
  quickstart,
  configExample,
  configCheck,
  configStatus,
  configStop,
  configLoglevels,
  configSetadminpassword,
  configClientconfig,
  configAccountAdd,
  configAccountList,
  configAccountRm,
  configAccountSetpassword,
  configAccountDisable,
  configAccountEnable,
  configAccountApppasswordAdd,
  configAccountApppasswordList,
  configAccountApppasswordRm,
  configAccountLogins,
  configAccountQuota,
  configAccountLimits,
  configAccountSent,
  configAccountRetention,
  configAccountRole,
  configDomainAdd,
  configDomainList,
  configDomainUpdate,
  configDomainDisable,
  configDomainEnable,
  configDomainRm,
  configDnsrecords,
  configDnscheck,
  configDkimList,
  configDkimAdd,
  configDkimRotate,
  configDkimRm,
  configAddressAdd,
  configAddressList,
  configAddressAccount,
  configAddressRm,
  configAliasAdd,
  configAliasList,
  configAliasPrint,
  configAliasUpdate,
  configAliasAddaddr,
  configAliasRmaddr,
  configAliasRm,
  configWebhookAdd,
  configWebhookList,
  configWebhookUpdate,
  configWebhookRm,
  configWebhookTest,
  configQuota,
  configLimits,
  configMailboxShare,
  configTlspubkeyList,
  configTlspubkeyGet,
  configTlspubkeyAdd,
  configTlspubkeyRm,
  configTlspubkeyGen,
  configLoginLimitsList,
  configLoginLimitsClear,
  configRouteAdd,
  configRouteList,
  configRoutePrint,
  configRouteUpdate,
  configRouteTest,
  configRouteDefault,
  configRouteRm,
  configRouteRuleAdd,
  configRouteRuleList,
  configRouteRuleRm,
  trace,
  queueList,
  queueShow,
  queueRetry,
  queueHold,
  queueRelease,
  queueRoute,
  queueDrop,
  queueFail,
  queueHoldRuleAdd,
  queueHoldRuleList,
  queueHoldRuleRm,
  queueSuppressAdd,
  queueSuppressList,
  queueSuppressRm,
  configAudit,
  queueTlsList,
  queueTlsForget,
  reportsDmarcList,
  reportsDmarcShow,
  reportsTlsList,
  reportsTlsShow,
  reportsImport,
  reportsPreview,
  configDump,
  configDiff,
  configApply,
  sendmail,
  waitingList,
  waitingRetry,
  waitingDrop,
  heldList,
  heldCancel,
  undelete,
  purge,
  verify,
  recover,
  migrate,
  psql,
  completion,
  version,
  help,
];
