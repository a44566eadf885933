import { expect, test } from 'vitest';
import { sessionBusPath } from './dbus-session.ts';

test.each([
  ['unix:path=/run/user/1000/bus', '/run/user/1000/bus'],
  ['unix:path=/run/user/1000/bus,guid=83097b5537adea6e', '/run/user/1000/bus'],
  ['unix:guid=83097b5537adea6e,path=/tmp/a%20b%3bc', '/tmp/a b;c'],
  ['unix:abstract=/tmp/dbus-x1', '\0/tmp/dbus-x1'],
  ['tcp:host=localhost,port=1;unix:path=/second', '/second'],
  ['autolaunch:', undefined],
  ['unix:tmpdir=/tmp', undefined],
  ['nonsense', undefined],
])('the address %s names the socket %j', (address, socket) => {
  expect(sessionBusPath({ DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: '/run/user/7' })).toBe(socket);
});

test('without an address it is the runtime folder’s, and without that there is none', () => {
  expect(sessionBusPath({ DBUS_SESSION_BUS_ADDRESS: '', XDG_RUNTIME_DIR: '/run/user/7' })).toBe('/run/user/7/bus');
  expect(sessionBusPath({})).toBeUndefined();
});
