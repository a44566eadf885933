/**
 * Every way in which Latchkey says no: one closed table from code to exit status (the CLI contract),
 * HTTP status (RFC 9110) and the words for people. Nothing else maps codes to anything.
 */
interface ErrorEntry {
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 130;
  readonly http: number;
  readonly title: string;
  readonly hint: string;
}

/** The hint where there is nothing else to do. */
export const tryLater = 'Try again in a while.';

export const errorTable = {
  internal: { exit: 1, http: 500, title: 'Something went wrong inside Latchkey', hint: 'This is a bug. Run the command again with LATCHKEY_LOG=debug and report what it prints.' },

  invalid_input: { exit: 2, http: 400, title: 'The input is not valid', hint: 'Correct what the message names.' },
  missing_input: { exit: 2, http: 400, title: 'Something is missing', hint: 'Give the flag that the message names.' },
  amount_malformed: { exit: 2, http: 400, title: 'This is not an amount of money', hint: 'Write digits, a point before the decimals, and the currency: 12.50EUR.' },
  amount_not_positive: { exit: 2, http: 400, title: 'An amount of money is more than nothing', hint: 'Give an amount above 0.' },
  amount_too_fine: { exit: 2, http: 400, title: 'The amount has more decimals than its currency', hint: 'Round it to the currency’s smallest unit.' },
  amount_too_large: { exit: 2, http: 400, title: 'The amount is too large', hint: 'Move it in several parts.' },
  amount_not_collectable: { exit: 2, http: 400, title: 'The payment provider does not collect this amount', hint: 'Take another amount or currency, or another provider.' },
  currency_unknown: { exit: 2, http: 400, title: 'There is no such currency', hint: 'Give a code of ISO 4217 in capitals: EUR, USD, JPY.' },
  payee_is_payer: { exit: 2, http: 400, title: 'The payee is the payer', hint: 'Name another account: the one that is paid with --to, the one that pays with --account.' },
  card_number_refused: { exit: 2, http: 400, title: 'This looks like the number of a card', hint: 'Card numbers are kept nowhere: give a reference that your card’s issuer or processor made.' },
  code_malformed: { exit: 2, http: 400, title: 'This is no credit payment code', hint: 'Scan it again, whole and alone. If it stays so, its wallet is not one of ours, or newer than this program.' },
  receipt_malformed: { exit: 2, http: 400, title: 'This is no receipt of a credit payment code', hint: 'Copy it again, whole and alone.' },
  scan_malformed: { exit: 2, http: 400, title: 'This is no scan of networks', hint: 'Give what `iw dev … scan`, `nmcli` or `latchkey share find --json` prints, or a list of them as JSON.' },
  tariff_without_price: { exit: 2, http: 400, title: 'An offer needs a tariff with a price', hint: 'Give a step with its price (--step 1.00EUR=500MB), or a price for all (--price).' },
  weak_pass_tmp: { exit: 2, http: 400, title: 'This pass_tmp is too short', hint: 'Use at least 16 characters, leave it out to have one made, or pass --allow-weak.' },
  payload_too_large: { exit: 2, http: 413, title: 'The request is too large', hint: 'Send less at once.' },
  unsupported_media_type: { exit: 2, http: 415, title: 'The body is not JSON', hint: 'Send application/json.' },
  method_not_allowed: { exit: 2, http: 405, title: 'This method is not allowed here', hint: 'See /openapi.json.' },

  route_not_found: { exit: 3, http: 404, title: 'There is nothing at this address', hint: 'Check the server URL; /openapi.json lists what there is.' },
  device_not_found: { exit: 3, http: 404, title: 'No such device', hint: 'See `latchkey device list`.' },
  batch_not_found: { exit: 3, http: 404, title: 'No such batch', hint: 'See `latchkey device batch list`.' },
  request_not_found: { exit: 3, http: 404, title: 'No such access request', hint: 'See `latchkey ap requests --all`.' },
  account_not_found: { exit: 3, http: 404, title: 'No such account', hint: 'See `latchkey account list`. At a server a payer names by its name a shop that has a cash register, and anybody else by the id.' },
  topup_not_found: { exit: 3, http: 404, title: 'No such top-up', hint: 'See `latchkey account topups`.' },
  payment_not_found: { exit: 3, http: 404, title: 'No such payment', hint: 'See `latchkey payment list`.' },
  nothing_pending: { exit: 3, http: 404, title: 'No payment is pending', hint: 'See `latchkey account status`.' },
  code_not_found: { exit: 3, http: 404, title: 'No such credit payment code', hint: 'See `latchkey code list --all`.' },
  register_not_enrolled: { exit: 3, http: 404, title: 'There is no cash register on this machine', hint: 'Enrol it: `latchkey pos enroll --account NAME`, or at a server with --server.' },
  mandate_not_found: { exit: 3, http: 404, title: 'No such mandate', hint: 'See `latchkey account mandate list`.' },
  sale_not_found: { exit: 3, http: 404, title: 'No such sale', hint: 'See `latchkey pos report`.' },
  tariff_not_found: { exit: 3, http: 404, title: 'The cash register has no tariff: it sells no time', hint: 'Set one with `latchkey pos tariff set`.' },
  network_not_found: { exit: 3, http: 404, title: 'No such network', hint: 'See `latchkey share verify status`.' },
  challenge_not_found: { exit: 3, http: 404, title: 'No such verification of a network', hint: 'See `latchkey share verify status`.' },
  offer_not_found: { exit: 3, http: 404, title: 'No such offer', hint: 'See `latchkey share find`; your own are in `latchkey share offers list`.' },
  share_request_not_found: { exit: 3, http: 404, title: 'No such request for access', hint: 'See `latchkey share history`.' },
  grant_not_found: { exit: 3, http: 404, title: 'No such grant', hint: 'See `latchkey grant list`.' },
  ap_not_found: { exit: 3, http: 404, title: 'No such access point', hint: 'Enrol it with `latchkey ap enroll`.' },
  dispute_not_found: { exit: 3, http: 404, title: 'No such dispute', hint: 'See `latchkey code disputes list`.' },
  key_not_found: { exit: 3, http: 404, title: 'No such signing key', hint: 'See `latchkey server keys list`.' },
  flash_not_found: { exit: 3, http: 404, title: 'No such flashing of this device', hint: 'See `latchkey device history UUID`.' },
  token_not_found: { exit: 3, http: 404, title: 'No such token', hint: 'See `latchkey server token list`.' },
  profile_not_found: { exit: 3, http: 404, title: 'No such profile', hint: 'See `latchkey profile list`.' },
  file_not_found: { exit: 3, http: 404, title: 'No such file', hint: 'Check the path.' },
  interface_not_found: { exit: 3, http: 404, title: 'There is no such network interface', hint: 'See `ip link`; --interface takes the one that is on the shared network, such as wlan0.' },
  wifi_not_found: { exit: 3, http: 404, title: 'The Wi-Fi network was not found', hint: 'Bring the device nearer to its access point, and check that the network is on the air, on a band that the device has.' },
  reader_not_found: { exit: 3, http: 404, title: 'There is no card reader', hint: 'Plug one in, or name one that is there.' },
  card_application_not_found: { exit: 3, http: 404, title: 'No such card application', hint: 'See `latchkey card app list`.' },
  service_not_found: { exit: 3, http: 404, title: 'No such service', hint: 'See `latchkey card log`.' },
  secret_not_found: { exit: 3, http: 404, title: 'This secret is not in the secret store', hint: 'Store it first, or give it with the flag that the message names.' },

  unauthorized: { exit: 4, http: 401, title: 'The token is missing, unknown, expired or revoked', hint: 'Ask an admin for an enrolment code (`latchkey server enroll-code create`), and enrol again.' },
  forbidden: { exit: 4, http: 403, title: 'This token may not do that', hint: 'Use a token of the right role and scope: `latchkey whoami` says what this one may.' },
  enroll_code_invalid: { exit: 4, http: 403, title: 'The enrolment code is unknown, used or expired', hint: 'Ask an admin for a new one.' },
  proof_rejected: { exit: 4, http: 403, title: 'The device did not prove its pass_tmp', hint: 'Compare the device’s pass_tmp with the registry; see `latchkey ap attempts`.' },
  plain_disabled: { exit: 4, http: 403, title: 'Access was refused', hint: 'The literal exchange is off unless the agent runs with --allow-plain; otherwise the uuid or pass_tmp is not right.' },
  wrong_ssid: { exit: 4, http: 403, title: 'The device names another onboarding SSID', hint: 'Register the device with the SSID of this access point, or start `ap serve` with the device’s.' },
  request_denied: { exit: 4, http: 403, title: 'The request was denied', hint: 'Ask the owner of the access point.' },
  join_declined: { exit: 4, http: 403, title: 'The device’s user declined to join', hint: 'Run it again and say yes, or pass --yes.' },
  wifi_wrong_password: { exit: 4, http: 403, title: 'The access point does not take the Wi-Fi password', hint: 'Ask again; if it stays so, see on the access point whether the grant is active (`latchkey grant list`) and its radio in step (`latchkey ap status`).' },
  wifi_refused: { exit: 4, http: 403, title: 'The access point does not let the device onto the Wi-Fi network', hint: 'See the access point’s log: it may be full, or want what the device’s radio cannot do.' },
  not_bound: { exit: 4, http: 403, title: 'This terminal is not bound to the account', hint: 'Bind it with `latchkey account bind`.' },
  verification_code_wrong: { exit: 4, http: 403, title: 'The verification code is wrong', hint: 'Compare it with the message; after 5 wrong tries ask for a new one.' },
  verification_code_over: { exit: 4, http: 410, title: 'The verification code is over', hint: 'It lasts 10 minutes, 5 tries and one use: ask for a new one.' },
  verification_limit: { exit: 4, http: 429, title: 'Too many verification codes were asked for', hint: 'A terminal gets 10 a day: wait.' },
  algorithm_disabled: { exit: 4, http: 403, title: 'The server does not allow this algorithm', hint: 'Leave --algorithm out, or ask who runs the server to start it with --allow-md5.' },
  password_wrong: { exit: 4, http: 403, title: 'The transaction password, made of the identity code, is wrong', hint: 'Nothing was charged or issued. Check the identity code; after 5 wrong ones in a row there is a wait.' },
  account_locked: { exit: 4, http: 429, title: 'Too many wrong transaction passwords', hint: '`latchkey account status` says how long the wait is; who keeps the accounts can end it: `latchkey account unlock NAME`.' },
  mandate_not_taken: { exit: 4, http: 403, title: 'This charge takes no mandate', hint: 'Pay with the wallet, or charge with --mandate-ok.' },
  mandate_missing: { exit: 4, http: 403, title: 'Nothing allows this payment', hint: 'What was tapped only says who it is. Pay with the wallet, or have its payer set a mandate with `latchkey account mandate set`.' },
  mandate_exceeded: { exit: 4, http: 403, title: 'The mandate does not allow that much', hint: 'Nothing was charged. Pay with the wallet; what a day takes has room again later.' },
  code_signature_invalid: { exit: 4, http: 403, title: 'The code is not signed by the server', hint: 'Do not take it: somebody changed it, or made it up.' },
  code_proof_invalid: { exit: 4, http: 403, title: 'The code is not shown by its holder', hint: 'Do not take it: somebody changed it, or shows the code of somebody else.' },
  receipt_signature_invalid: { exit: 4, http: 403, title: 'The receipt is not signed by this cash register', hint: 'Somebody changed it, or made it up.' },
  receipt_code_invalid: { exit: 4, http: 403, title: 'The receipt code is unknown, used or over', hint: 'Codes are good once, as long as the time that was paid for lasts.' },
  topup_failed: { exit: 4, http: 402, title: 'The top-up was not collected', hint: 'Nothing was charged and nothing was posted. Begin another one.' },
  webhook_rejected: { exit: 4, http: 403, title: 'This notice is not signed as a payment provider’s', hint: 'Compare the signing secret that the server was started with to the provider’s, and both clocks.' },
  insufficient_funds: { exit: 4, http: 402, title: 'The account has too little money', hint: 'Nothing was charged. Ask who keeps the accounts to top it up: `latchkey account topup`.' },
  account_suspended: { exit: 4, http: 403, title: 'The account is issued no credit payment codes', hint: 'It was suspended: its codes came to more than they allow, or one use was signed for two showings. Ordinary payments go on; an admin lets it have codes again: `latchkey account credit reinstate`.' },
  not_permitted: { exit: 4, http: 403, title: 'Not on the permission list', hint: 'Pay at the counter first; who paid without a card or wallet has a receipt code.' },
  time_used_up: { exit: 4, http: 403, title: 'The time that was paid for is used up', hint: 'Pay once more at the counter.' },
  grant_paused: { exit: 4, http: 403, title: 'The time is paused', hint: 'Go on with `latchkey grant resume`.' },
  grant_not_pausable: { exit: 4, http: 403, title: 'The tariff allows no pause', hint: 'See `latchkey pos tariff show`.' },
  amount_below_minimum: { exit: 4, http: 403, title: 'The amount is too small to buy anything', hint: 'Pay at least what the message names.' },
  purchase_too_large: { exit: 4, http: 403, title: 'The tariff does not sell that much at once', hint: 'Ask for less, and buy again when it is used.' },
  code_over: { exit: 4, http: 403, title: 'This wallet’s code is over', hint: 'Have another one issued: `latchkey code issue`.' },
  code_used_up: { exit: 4, http: 403, title: 'Nothing is left of this wallet’s code', hint: 'Have another one issued: `latchkey code issue`. What was shown and not accepted is taken back with `latchkey code take-back`; `latchkey code list` hears from the server what was paid.' },
  access_code_invalid: { exit: 4, http: 403, title: 'The access code cannot be opened', hint: 'Ask for a new one. If it stays so, its sender seals to another key than this one’s: compare the thumbprints.' },
  card_refused: { exit: 4, http: 403, title: 'The card refused', hint: 'Its holder declined, or its own limits do not allow it: its screen says which.' },
  service_terminated: { exit: 4, http: 403, title: 'The security check terminated the service', hint: 'The message names the checks that failed. On the machine that checked, `latchkey card log` has all of them, and what was counted before.' },
  random_identifier: { exit: 4, http: 403, title: 'This card shows another number each time', hint: 'Phones and some bank cards do. Give its holder a receipt code instead, or use a card with a number of its own.' },
  code_key_unknown: { exit: 4, http: 403, title: 'The code is signed by no key that is trusted here', hint: 'Have this register fetch the newest trust list (`latchkey code trust sync`), and scan the code again. If it stays so, do not take it.' },
  code_expired: { exit: 4, http: 403, title: 'The code that was shown to the cash register is over', hint: 'Its payer has another one issued, or pays in another way.' },
  code_not_yet_valid: { exit: 4, http: 403, title: 'The code is not valid yet', hint: 'Set this machine’s clock right.' },
  code_stale: { exit: 4, http: 403, title: 'The code was not shown just now', hint: 'Scan it from the payer’s screen, where it renews itself. If it stays so, set the clock right that is wrong.' },
  code_payee_mismatch: { exit: 4, http: 403, title: 'The code does not pay this payee', hint: 'Its payer shows this one for the right payee, or one that pays this payee, or pays in another way.' },
  code_not_bound: { exit: 4, http: 403, title: 'The code does not name what it pays', hint: 'Its payer shows it again for this amount and payee: `latchkey code show --amount … --payee …`.' },
  code_amount_too_large: { exit: 4, http: 403, title: 'The code does not pay that much at once', hint: 'Take a smaller amount or another code, or pay in another way.' },
  code_amount_mismatch: { exit: 4, http: 403, title: 'The code pays another amount', hint: 'Its payer shows it again for this amount.' },
  code_used: { exit: 4, http: 403, title: 'This cash register has accepted the showing already', hint: 'Each showing pays once: for another payment its payer shows the code once more. If this was for one whose goods were not handed over yet, it is paid: hand them over.' },
  code_spent: { exit: 4, http: 403, title: 'This cash register has accepted all that the code allows', hint: 'Its payer has another one issued, or pays in another way.' },
  code_revoked: { exit: 4, http: 403, title: 'The code was revoked', hint: 'Do not take it.' },
  code_key_revoked: { exit: 4, http: 403, title: 'The key that signed the code was revoked', hint: 'Its payer has another one issued.' },
  trust_list_missing: { exit: 4, http: 403, title: 'The cash register has no trust list', hint: 'Fetch it while the server can be reached: `latchkey code trust sync`.' },
  trust_list_old: { exit: 4, http: 403, title: 'The trust list is too old', hint: 'Fetch the newest: `latchkey code trust sync`.' },
  register_clock_wrong: { exit: 4, http: 403, title: 'The clock of the cash register is wrong', hint: 'Set this machine’s clock right, and scan the code again.' },
  clock_wrong: { exit: 4, http: 403, title: 'The clock of this machine is wrong', hint: 'Nothing went on. Set the clock right, and try again.' },
  challenge_limit: { exit: 4, http: 429, title: 'This account has begun as many verifications today as it may', hint: 'Go on with one that is open: `latchkey share verify status`. Trying again takes nothing of the limit.' },
  proof_of_network_missing: { exit: 4, http: 403, title: 'The scan does not prove the network', hint: 'See what is wrong, mend it, and run `latchkey share verify confirm` again.' },
  signature_invalid: { exit: 4, http: 403, title: 'The signature does not fit', hint: 'Sign with the key that was registered.' },
  share_refused: { exit: 4, http: 403, title: 'The sharer has refused', hint: 'Choose another offer: `latchkey share find`.' },
  fee_too_high: { exit: 4, http: 403, title: 'The fee is more than was allowed', hint: 'Give a larger --max-fee, or buy less.' },
  access_code_mismatch: { exit: 4, http: 403, title: 'The server has put in a key of its own', hint: 'Somebody between you and the sharer could read the password. The access is revoked and the money goes back: tell the sharer.' },
  unpaid_limit: { exit: 4, http: 429, title: 'This terminal has as many unpaid requests as it may', hint: 'Pay one, or give one up: `latchkey share history`, `latchkey share cancel`. Each is over by itself after 10 minutes.' },
  device_revoked: { exit: 4, http: 403, title: 'The device is revoked', hint: 'A revoked device stays out; register a new identity.' },
  batch_revoked: { exit: 4, http: 403, title: 'The batch is revoked', hint: 'Nothing was added. Use the name of another batch.' },
  device_spent: { exit: 4, http: 403, title: 'The device’s pass_tmp is already used', hint: 'Run `latchkey device reset UUID` to let it onboard again.' },

  showing_paid: { exit: 5, http: 409, title: 'The showing was paid', hint: 'It is not taken back. Look at `latchkey code list`, and at `latchkey account statement`.' },
  wallet_busy: { exit: 5, http: 409, title: 'Another process uses this wallet', hint: 'Wait for it, or end it.' },
  charge_open: { exit: 5, http: 409, title: 'Another charge is open at this cash register', hint: 'Wait until it is paid, or end the command that opened it.' },
  charge_over: { exit: 5, http: 409, title: 'This charge is not open any more', hint: 'Nothing was charged by this. Ask at the counter for a new one.' },
  mandate_conflict: { exit: 5, http: 409, title: 'This card pays from another account already', hint: 'Have it ended first where it was set: `latchkey account mandate end`, on a terminal of that account.' },
  mandate_limit: { exit: 5, http: 409, title: 'This account has as many mandates as it may have', hint: 'End one that is not needed any more: `latchkey account mandate list` and `latchkey account mandate end`.' },
  challenge_over: { exit: 5, http: 409, title: 'This verification is over', hint: 'Begin another: `latchkey share verify start`.' },
  network_not_valid: { exit: 5, http: 409, title: 'The network is not proven', hint: 'Prove it first: `latchkey share verify start`.' },
  offer_exists: { exit: 5, http: 409, title: 'The network is on offer already', hint: 'Change that offer: `latchkey share offers update`; or withdraw it first.' },
  offer_withdrawn: { exit: 5, http: 409, title: 'The offer was withdrawn', hint: 'Make another: `latchkey share offer`.' },
  offer_closed: { exit: 5, http: 409, title: 'The offer takes nobody now', hint: 'Try again later, or choose another: `latchkey share find`.' },
  share_cancelled: { exit: 5, http: 409, title: 'The request was given up', hint: 'Ask again: `latchkey share request`.' },
  share_request_open: { exit: 5, http: 409, title: 'This terminal has a request for this offer that is not over', hint: 'Go on with that: `latchkey share usage`. For more of the same, ask for an increase: `latchkey share topup`.' },
  account_shares: { exit: 5, http: 409, title: 'Access to a shared network is paid from or to this account', hint: 'Wait until those requests are settled: see `latchkey share history` on its terminals.' },
  share_request_over: { exit: 5, http: 409, title: 'The request is not open for that any more', hint: 'See `latchkey share usage`.' },
  account_exists: { exit: 5, http: 409, title: 'There is an account of this name or card', hint: 'Choose another name; that of a closed account is free again.' },
  account_closed: { exit: 5, http: 409, title: 'The account is closed', hint: 'Name an account that is open.' },
  account_not_empty: { exit: 5, http: 409, title: 'There is money on the account', hint: 'Pay it out first with `latchkey account payout`; what is held has to be captured or released, except what a credit payment code holds: that goes back by itself, a week after its validity ends, revoked or not.' },
  account_charged_for: { exit: 5, http: 409, title: 'A cash register charges for the account', hint: 'Have it settle what it accepted, and revoke its token: `latchkey server token revoke`. Where all is on one machine, let it charge for another account: `latchkey pos enroll --account`.' },
  account_full: { exit: 5, http: 409, title: 'The account cannot hold that much', hint: 'Ask who keeps the accounts to pay something out of it first: `latchkey account payout`.' },
  topup_not_posted: { exit: 5, http: 409, title: 'The top-up was collected and cannot be posted', hint: 'Give it back at the payment provider; nothing was posted.' },
  amount_mismatch: { exit: 5, http: 409, title: 'Another amount was collected than was to be', hint: 'Give it back at the payment provider; nothing was posted.' },
  code_superseded: { exit: 5, http: 409, title: 'This temporary code was used already', hint: 'Nothing was charged. Another terminal may hold this one’s code: run `latchkey account rebind`.' },
  code_unknown: { exit: 5, http: 409, title: 'The server does not know this temporary code', hint: 'Nothing was charged. Run `latchkey account rebind`.' },
  payment_cancelled: { exit: 5, http: 409, title: 'The payment was cancelled', hint: 'Nothing was charged. Pay again with a new key.' },
  payment_pending: { exit: 5, http: 409, title: 'Another payment of this account is pending', hint: 'Settle it by `latchkey pay`, or give it up by `latchkey pay --cancel`.' },
  payment_not_held: { exit: 5, http: 409, title: 'The payment is not held', hint: 'See `latchkey payment show`.' },
  refund_too_large: { exit: 5, http: 409, title: 'More than was paid cannot go back', hint: 'See `latchkey payment show` for what is left.' },
  credit_in_use: { exit: 5, http: 409, title: 'More of the credit is used than that', hint: 'Set it to what is used at least, or have the account topped up first.' },
  receipt_key_missing: { exit: 5, http: 409, title: 'The cash register has registered no key for receipts', hint: 'Run `latchkey code trust sync`, which registers it.' },
  receipt_keys_used_up: { exit: 5, http: 409, title: 'The cash register has had as many keys for receipts as it may have', hint: 'Enrol it anew: `latchkey pos enroll`. What it accepted before is settled by the new one, too.' },
  codes_unsettled: { exit: 5, http: 409, title: 'Codes that were accepted for another account wait to be settled', hint: 'Settle them first: `latchkey code settle`.' },
  payment_of_code: { exit: 5, http: 409, title: 'The payment holds what a credit payment code may spend', hint: 'See `latchkey code list`; end the code with `latchkey code revoke`. What it does not spend is given back by itself.' },
  currency_mismatch: { exit: 5, http: 409, title: 'The currencies differ', hint: 'Give the amount in the account’s currency; nothing is converted.' },
  metric_mismatch: { exit: 5, http: 409, title: 'One is time, the other is traffic', hint: 'Give the quantity in what the tariff counts: 10min of time, 500MB of traffic.' },
  payment_of_share: { exit: 5, http: 409, title: 'The payment holds the fee of access to a shared network', hint: 'Its request takes it or gives it back by itself: see `latchkey share history`. Once it is paid, `latchkey payment refund` gives it back.' },
  run_unfinished: { exit: 5, http: 409, title: 'There is a run that is not finished', hint: 'Go on with it by --resume, or name another --out.' },
  run_busy: { exit: 5, http: 409, title: 'Another process works on this run', hint: 'Wait for it, or end it.' },
  device_conflict: { exit: 5, http: 409, title: 'The device is registered with other data', hint: 'Nothing was changed. See `latchkey device show`.' },
  device_not_registered: { exit: 5, http: 409, title: 'The device is not registered yet', hint: 'Run the `latchkey device register` that made it again, to its end.' },
  device_being_flashed: { exit: 5, http: 409, title: 'The device is being flashed at another station', hint: 'Let that station finish; what it never finished can be taken over after 15 minutes.' },
  device_flashed: { exit: 5, http: 409, title: 'The device is flashed already', hint: 'Pass --again to flash it once more.' },
  already_decided: { exit: 5, http: 409, title: 'The request is already decided', hint: 'See `latchkey ap requests --all`.' },
  idempotency_mismatch: { exit: 5, http: 409, title: 'This idempotency key was used for another request', hint: 'Use a new key for a new request.' },
  grant_over: { exit: 5, http: 409, title: 'The grant is over', hint: 'What is over stays so, and nothing more of it goes back: see `latchkey grant show`. Who is to be let in again needs another grant.' },
  grant_conflict: { exit: 5, http: 409, title: 'The other device has time of its own', hint: 'Use that up first, or move the time to another one.' },
  profile_conflict: { exit: 5, http: 409, title: 'There is already a profile of this name', hint: 'Remove it first or choose another name.' },
  already_initialised: { exit: 5, http: 409, title: 'The server has an admin already', hint: 'Use its token, or make another with `latchkey server enroll-code create --role admin`.' },
  already_running: { exit: 5, http: 409, title: 'It is already running here', hint: 'Stop the other one, or give this one its own state folder (LATCHKEY_STATE_HOME).' },
  address_in_use: { exit: 5, http: 409, title: 'The address is already in use', hint: 'Choose another port, or stop what listens there.' },
  tag_unsuitable: { exit: 5, http: 409, title: 'The NFC tag cannot be used for this', hint: 'Use a writable NFC Forum Type 4 tag with enough room.' },
  card_application_conflict: { exit: 5, http: 409, title: 'Another version of the card application is here', hint: 'Give what is changed a higher version.' },
  service_not_counted: { exit: 5, http: 409, title: 'The service is not counted', hint: 'Only what went on takes up room under limits: see `latchkey card log`.' },
  file_exists: { exit: 5, http: 409, title: 'The file exists already', hint: 'Choose another name; nothing is overwritten.' },

  remote_unreachable: { exit: 6, http: 502, title: 'The other side cannot be reached', hint: 'Check the address, the network and that it is running.' },
  agent_unreachable: { exit: 6, http: 502, title: 'No AP agent is running here', hint: 'Start `latchkey ap serve`, or name the server with --server.' },
  scan_unavailable: { exit: 6, http: 503, title: 'This machine cannot scan for networks', hint: 'Install iw or NetworkManager and run it as root, or give a scan made elsewhere: --scan FILE.' },
  radio_unreachable: { exit: 6, http: 503, title: 'The radio does not answer', hint: 'Check that hostapd runs, with the configuration that the agent was given, and that the agent may open its control socket.' },
  wifi_unavailable: { exit: 6, http: 503, title: 'The Wi-Fi of this machine cannot be used', hint: 'Check the name of the interface, that wpa_supplicant or NetworkManager runs for it, and that you may talk to it.' },
  verification_unavailable: { exit: 6, http: 502, title: 'The verification code cannot be sent', hint: 'Ask who runs the server to start it with --verification-command or --verification-file; alone on this machine set LATCHKEY_VERIFICATION_COMMAND or LATCHKEY_VERIFICATION_FILE.' },
  access_code_pending: { exit: 6, http: 503, title: 'The access point has not brought the password yet', hint: 'Check that its agent runs, reaches the server, and has this register’s key pinned (--pos-key).' },
  provider_unavailable: { exit: 6, http: 409, title: 'This payment provider is not set up', hint: 'Start the server with --stripe-key-file. On this machine alone there is only --provider ledger.' },
  provider_refused: { exit: 6, http: 502, title: 'The payment provider refuses what this server asks', hint: 'Check the key that the server was started with, and the account at the provider. What is pending can be gone on with: `latchkey account topup --resume`.' },
  server_unavailable: { exit: 6, http: 503, title: 'The server cannot answer now', hint: tryLater },
  counter_unreachable: { exit: 6, http: 503, title: 'No agent of a cash register is running here', hint: 'Start `latchkey pos serve`.' },
  agent_busy: { exit: 6, http: 503, title: 'Too many devices are asking', hint: tryLater },
  rate_limited: { exit: 6, http: 429, title: 'Too many requests', hint: tryLater },
  reader_unavailable: { exit: 6, http: 503, title: 'Card readers cannot be used', hint: 'Check that the PC/SC service runs: on Linux install pcscd and start it (`systemctl start pcscd.socket`).' },
  card_removed: { exit: 6, http: 502, title: 'The card was taken away too soon', hint: 'Hold it to the reader again, until it is done.' },
  card_answer_malformed: { exit: 6, http: 502, title: 'The card’s answer makes no sense', hint: 'Hold it to the reader again; if it stays so, update the wallet or this program.' },
  certificate_invalid: { exit: 6, http: 502, title: 'The server’s certificate is not trusted', hint: 'Give your authority’s certificate with --ca-file or `profile add --ca`.' },
  bad_reply: { exit: 6, http: 502, title: 'The other side’s reply makes no sense', hint: 'Check that the address is a Latchkey server of a matching version.' },

  secret_store_unavailable: { exit: 7, http: 503, title: 'The secret store cannot be used', hint: 'Set LATCHKEY_SECRET_STORE=file (with LATCHKEY_PASSPHRASE or LATCHKEY_SECRET_KEY_FILE) or LATCHKEY_SECRET_STORE=env.' },
  secret_store_locked: { exit: 7, http: 503, title: 'The secret store cannot be opened', hint: 'Check the passphrase or key file, or unlock the keychain.' },
  storage_key_missing: { exit: 7, http: 503, title: 'The key of the database is missing', hint: 'Restore it to the keychain or name it with LATCHKEY_KEY_FILE.' },

  timed_out: { exit: 8, http: 504, title: 'It took too long', hint: 'Give more time with --timeout, or look at what it waits for.' },
  wifi_no_address: { exit: 8, http: 504, title: 'There is no address on the Wi-Fi network', hint: 'Check that the network’s router gives out addresses by DHCP, and has some left.' },
  share_expired: { exit: 8, http: 410, title: 'Nothing came of the request in time', hint: 'Ask again, or choose another offer: `latchkey share find`.' },
  hello_expired: { exit: 8, http: 410, title: 'The hello is over', hint: 'Start again with a new hello.' },
  request_expired: { exit: 8, http: 410, title: 'The request expired before anyone decided', hint: 'Ask again while the owner is there.' },

  partly_done: { exit: 9, http: 207, title: 'Part of it was rejected', hint: 'See the rejects.' },
  answer_needed: { exit: 10, http: 409, title: 'An answer is needed', hint: 'Policy says ask: run it where somebody can answer.' },

  storage_full: { exit: 11, http: 507, title: 'The disk is full', hint: 'Make room; nothing was half-written.' },
  storage_read_only: { exit: 11, http: 503, title: 'The database cannot be written', hint: 'Check the permissions of its file and folder.' },
  storage_locked: { exit: 11, http: 503, title: 'The database is locked by another program', hint: 'Try again, or end what holds it.' },
  storage_unavailable: { exit: 11, http: 503, title: 'The database cannot be used', hint: 'Check the path or address and that it is running.' },
  card_application_damaged: { exit: 11, http: 500, title: 'The card application is damaged on this machine', hint: 'It terminates everything. Remove it, and add it again: `latchkey card app remove`.' },
  storage_corrupt: { exit: 11, http: 500, title: 'The database is damaged', hint: 'Restore the last backup.' },
  storage_too_new: { exit: 11, http: 503, title: 'The database was written by a newer Latchkey', hint: 'Update this program.' },

  flash_failed: { exit: 12, http: 409, title: 'The device was not flashed', hint: 'Look at the board and its port, and run it again: the identity was not used up.' },
  check_failed: { exit: 12, http: 409, title: 'A check failed', hint: 'See the findings.' },
  image_damaged: { exit: 12, http: 409, title: 'The image is damaged', hint: 'Read it again; if it stays so, the flash is worn or something wrote into it. Flash the device anew.' },
  hook_failed: { exit: 12, http: 409, title: 'A program that was to be run did not end well', hint: 'See what it said.' },
  renaming_failed: { exit: 12, http: 409, title: 'The network could not be renamed', hint: 'See what the renaming program said. Whatever it did was undone.' },
  name_not_restored: { exit: 12, http: 409, title: 'The network still has the name that it was given to be proven', hint: 'Set its own name back by hand, now: whoever looks for it does not find it.' },
  interrupted: { exit: 130, http: 499, title: 'Interrupted', hint: 'Run it again.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

/** One thing wrong with the input, named by a JSON pointer (RFC 6901) into it. */
export interface InputProblem {
  readonly pointer: string;
  readonly detail: string;
}

interface ErrorOptions {
  /** What is wrong with which part of the input. */
  readonly problems?: readonly InputProblem[];
  /** Seconds after which another try makes sense (Retry-After). */
  readonly retryAfter?: number;
  /** Replaces the table's hint where something better is known. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** The only error that Latchkey throws on purpose. `message` is for people and holds no secret. */
export class LatchkeyError extends Error {
  readonly code: ErrorCode;
  readonly problems: readonly InputProblem[];
  readonly retryAfter: number | undefined;
  readonly hint: string;

  constructor(code: ErrorCode, message?: string, options: ErrorOptions = {}) {
    super(message ?? errorTable[code].title, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LatchkeyError';
    this.code = code;
    this.problems = options.problems ?? [];
    this.retryAfter = options.retryAfter;
    this.hint = options.hint ?? errorTable[code].hint;
  }

  get exit(): number {
    return errorTable[this.code].exit;
  }

  get http(): number {
    return errorTable[this.code].http;
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorTable, value);
}
