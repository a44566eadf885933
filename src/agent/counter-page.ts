import { createHash } from 'node:crypto';

const style = `
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 2rem auto; padding: 0 1rem; color: #111; background: #fff; }
h1 { font-size: 1.4rem; }
input { font: inherit; width: 11ch; padding: .4rem; letter-spacing: .1em; text-transform: uppercase; }
button { font: inherit; padding: .4rem 1rem; }
dt { color: #555; font-size: .9rem; }
dd { margin: 0 0 .6rem; font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
img { width: 14rem; height: 14rem; }
[role=alert] { color: #a00; }
`;

// What comes from the register is put in as text, and the picture as an image, in which nothing runs.
const script = `
const of = (id) => document.getElementById(id);
const show = (id, on) => { of(id).hidden = !on; };
let endsAt;
function left() {
  if (endsAt === undefined) return;
  const seconds = Math.max(0, Math.floor((endsAt - Date.now()) / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  of('left').textContent = parts.map((part) => String(part).padStart(2, '0')).join(':');
}
async function ask(body) {
  const reply = await fetch('/v1/access?qr=true', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { ok: reply.ok, isAway: reply.status >= 500, answer: await reply.json() };
}
function present(answer) {
  endsAt = answer.left_s === undefined ? undefined : Date.now() + answer.left_s * 1000;
  of('left').textContent = 'no end';
  left();
  const { credential } = answer;
  of('ssid').textContent = credential === undefined ? '' : credential.ssid;
  of('password').textContent = credential === undefined ? '' : credential.password;
  show('qr', answer.qr_svg !== undefined);
  if (answer.qr_svg !== undefined) of('qr').src = 'data:image/svg+xml,' + encodeURIComponent(answer.qr_svg);
  of('trouble').textContent = credential === undefined ? 'Your time is noted, but the password has not come yet. Try again in a moment.' : '';
  show('access', true);
  show('code', credential === undefined);
}
async function submit(body, quiet) {
  of('trouble').textContent = '';
  try {
    const { ok, isAway, answer } = await ask(body);
    if (ok) present(answer);
    else if (!quiet) of('trouble').textContent = isAway ? 'The cash register does not reach its server. What was paid stands: try again in a moment.' : answer.detail || answer.title;
  } catch {
    if (!quiet) of('trouble').textContent = 'The cash register does not answer. Try again in a moment.';
  }
}
of('code').addEventListener('submit', (event) => {
  event.preventDefault();
  const typed = of('receipt').value.trim();
  submit(typed === '' ? {} : { receipt_code: typed }, false);
});
setInterval(left, 1000);
function takeScanned() {
  const scanned = location.hash.slice(1);
  if (scanned === '') return false;
  // A page that is loaded again asks by what the phone has got for it.
  history.replaceState(null, '', location.pathname);
  of('receipt').value = scanned;
  submit({ receipt_code: scanned }, false);
  return true;
}
addEventListener('hashchange', takeScanned);
if (!takeScanned()) submit({}, true);
`;

/** For phones without a wallet: takes a receipt code, and shows the credential, its QR code and the time left. */
export const counterPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wi-Fi</title>
<style>${style}</style>
</head>
<body>
<h1>Wi-Fi</h1>
<form id="code">
<p><label for="receipt">The code on your receipt:</label></p>
<p><input id="receipt" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20" placeholder="7K2M-9QXA"> <button>Show the password</button></p>
</form>
<p id="trouble" role="alert"></p>
<section id="access" hidden>
<dl>
<dt>Network</dt><dd id="ssid"></dd>
<dt>Password</dt><dd id="password"></dd>
<dt>Time left</dt><dd id="left"></dd>
</dl>
<img id="qr" alt="The network as a QR code" hidden>
</section>
<script>${script}</script>
</body>
</html>
`;

/** Nothing runs, and nothing is fetched, but what is here (CSP level 3). */
export const counterPagePolicy = [
  "default-src 'none'",
  `style-src '${hashOf(style)}'`,
  `script-src '${hashOf(script)}'`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
