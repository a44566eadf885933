import { expect, test } from 'vitest';
import { entryOf, parseGeneratorCsv, parseManufacturingConfig } from './manufacturing-csv.ts';

const noFiles = () => expect.unreachable();
const hex = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString('hex');

test('a generator’s CSV has namespaces, comments, quoted values and every encoding', () => {
  const entries = parseGeneratorCsv(
    [
      'key,type,encoding,value',
      '# of the lamp',
      'lamp,namespace,,',
      'name,data,string,"Lamp ""2"", white"',
      'level,data,i16,-5',
      'key,data,hex2bin, 00FF ',
      'token,data,base64,aGk=',
      'raw,data,binary,hé',
      '',
      'app,namespace,,',
      'pad,data,blob_fill(4;0xAA),ab',
      'sized,data,blob_sz_fill(3;0x00),ab',
      'cert,file,binary,cert.der',
      'pem,file,string,cert.pem',
      'hexed,file,hex2bin,cert.hex',
    ].join('\r\n'),
    (path) => Buffer.from({ 'cert.der': '\x00\x01', 'cert.pem': 'é', 'cert.hex': '0a0b\n' }[path] ?? expect.unreachable()),
  );
  expect(entries.map(({ namespace, key, type, value }) => [namespace, key, type, typeof value === 'object' ? hex(value) : value])).toEqual([
    ['lamp', 'name', 'string', 'Lamp "2", white'],
    ['lamp', 'level', 'i16', -5n],
    ['lamp', 'key', 'blob', '00ff'],
    ['lamp', 'token', 'blob', '6869'],
    ['lamp', 'raw', 'blob', '68c3a9'],
    ['app', 'pad', 'blob', '6162aaaa'],
    ['app', 'sized', 'blob', '02000000616200'],
    ['app', 'cert', 'blob', '0001'],
    ['app', 'pem', 'string', 'é'],
    ['app', 'hexed', 'blob', '0a0b'],
  ]);
});

test.each([
  ['key,value\nlamp,namespace', 'Its first line is not key,type,encoding,value.'],
  ['key,type,encoding,value\nlevel,data,u8,1', 'Line 2: level stands before any namespace.'],
  ['key,type,encoding,value\nlamp,namespace,,\n\nlevel,data,u9,1', 'Line 4: The encoding "u9" is not known.'],
  ['key,type,encoding,value\nlamp,namespace,,\nlevel,date,u8,1', 'Line 3: The type "date" is none of namespace, data, file.'],
  ['key,type,encoding,value\nlamp,namespace,,\nlevel,data,u8,0x10', 'Line 3: The value of level is no whole decimal number.'],
  ['key,type,encoding,value\nlamp,namespace,,\nkey,data,hex2bin,abc', 'Line 3: The value of key is not made of pairs of hexadecimal digits.'],
  ['key,type,encoding,value\nlamp,namespace,,\nkey,data,base64,a*', 'Line 3: The value of key is not base64.'],
  ['key,type,encoding,value\nlamp,namespace,,\nkey,data,blob_fill(1;0x00),ab', 'Line 3: The value of key is longer than 1 bytes.'],
  ['key,type,encoding,value\nlamp,namespace,,\nkey,data,string,"ab', 'Line 3: a quotation mark is missing or in the wrong place.'],
  ['key,type,encoding,value\nlamp,namespace,,\nsixteen_letters_,data,u8,1', 'Line 3: "sixteen_letters_" is no NVS key: it has 1 to 15 ASCII characters.'],
])('a mistake in a generator’s CSV is told with its line: %#', (text, message) => {
  expect(() => parseGeneratorCsv(text, noFiles)).toThrow(expect.objectContaining({ code: 'invalid_input', message }));
});

test('a manufacturing config says which values are those of the first row', () => {
  const config = parseManufacturingConfig('app,namespace,\nfirmware_key,data,hex2bin\nserial_no,data,string,REPEAT\ndevice_no,data,i32\n');
  expect(config).toEqual([
    { namespace: 'app', key: 'firmware_key', source: 'data', encoding: 'hex2bin', repeat: false },
    { namespace: 'app', key: 'serial_no', source: 'data', encoding: 'string', repeat: true },
    { namespace: 'app', key: 'device_no', source: 'data', encoding: 'i32', repeat: false },
  ]);
  expect(entryOf(config[2]!, '101', noFiles)).toEqual({ namespace: 'app', key: 'device_no', type: 'i32', value: 101n });
  expect(parseManufacturingConfig('key,type,encoding\napp,namespace,\n')).toEqual([]);
  expect(() => parseManufacturingConfig('app,namespace,\nserial_no,data,string,repeat\n')).toThrow('Line 2: "repeat" is not REPEAT.');
});
