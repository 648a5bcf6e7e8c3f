import { expect, test } from 'vitest';
import type { Config } from '../generated/api';
import { keySetBy, place, setBy } from './config';

const CONFIG: Config = {
  path: '/data/config.toml',
  exists: true,
  complaints: [],
  keys: [
    { key: 'web.port', value: '8091', usual: '8090', from: { is: 'variable', name: 'MANYHANDS_WEB_PORT' } },
    { key: 'network.port', value: '47821', usual: '', from: { is: 'file' } },
    { key: 'donate.enabled', value: 'true', usual: '', from: { is: 'this_time' } },
  ],
};

test('only what stands in a variable cannot be changed', () => {
  expect(setBy(CONFIG, 'web_port')).toBe('MANYHANDS_WEB_PORT');
  expect(setBy(CONFIG, 'port')).toBeNull();
  expect(keySetBy(CONFIG, 'donate.enabled')).toBeNull();
  expect(setBy(CONFIG, 'temp')).toBeNull();
  expect(setBy(null, 'web_port')).toBeNull();
});

test('a mistake has its place', () => {
  const line = (n: number) => `line ${n}`;
  expect(place({ source: 'config.toml', line: 12, says: '' }, line)).toBe('config.toml, line 12');
  expect(place({ source: 'MANYHANDS_WEB_PORT', line: null, says: '' }, line)).toBe('MANYHANDS_WEB_PORT');
});
