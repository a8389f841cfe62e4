// Chromium without a window, through its debugging pipe: no port, no package.
import { spawn } from 'node:child_process';

/** Starts Chromium with a profile folder; `send(method, parameters, session)` answers, `events` are what it tells. */
export async function startBrowser(profile, options = []) {
  const child = spawn(process.env.CHROMIUM || 'chromium', [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking',
    '--remote-debugging-pipe', `--user-data-dir=${profile}`, ...options], { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
  const waiting = new Map(), events = [];
  let said = '', text = '', last = 0;
  const refuse = error => { for (const { no } of waiting.values()) no(error); waiting.clear(); };
  child.stderr.on('data', piece => { said += piece; });
  child.on('error', refuse);
  child.on('exit', code => refuse(new Error(`chromium ended with ${code}: ${said.slice(-2000)}`)));
  child.stdio[4].on('data', piece => {
    const messages = (text + piece).split('\0');
    text = messages.pop();
    for (const message of messages.map(JSON.parse)) {
      if (message.id === undefined) { events.push(message); continue; }
      const { yes, no, method } = waiting.get(message.id);
      waiting.delete(message.id);
      message.error ? no(new Error(`${method}: ${message.error.message}`)) : yes(message.result);
    }
  });
  const send = (method, params = {}, sessionId) => new Promise((yes, no) => {
    waiting.set(++last, { yes, no, method });
    child.stdio[3].write(JSON.stringify({ id: last, method, params, sessionId }) + '\0');
  });
  return { send, events, open: url => openPage(send, events, url),
           close: () => Promise.race([send('Browser.close'), new Promise(done => child.on('exit', done))]).catch(() => {}) };
}

async function openPage(send, events, url) {
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const call = (method, params) => send(method, params, sessionId);
  for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'DOM']) await call(`${domain}.enable`);
  await call('Page.navigate', { url });
  while (!events.some(event => event.method === 'Page.loadEventFired' && event.sessionId === sessionId))
    await new Promise(done => setTimeout(done, 5));
  const run = async expression => {
    const answer = await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.exception?.description ?? expression);
    return answer.result.value;
  };
  /** Waits until the page says one of these states. */
  const until = (...states) => run(`new Promise((yes, no) => {
    const end = Date.now() + 60000, look = () => {
      const state = document.documentElement.dataset.state;
      if (${JSON.stringify(states)}.includes(state)) yes(state);
      else if (Date.now() > end) no(new Error('the page is ' + state));
      else setTimeout(look, 5);
    };
    look();
  })`);
  /** Chooses files, as a person does with the button. */
  const choose = async (selector, files) => {
    const { root } = await call('DOM.getDocument');
    const { nodeId } = await call('DOM.querySelector', { nodeId: root.nodeId, selector });
    await call('DOM.setFileInputFiles', { nodeId, files });
  };
  return { call, run, until, choose, sessionId, close: () => send('Target.closeTarget', { targetId }) };
}
