import { expect, test } from 'vitest';
import { wpaSupplicantNetwork } from './wpa-supplicant.ts';

test('writes plain names and passphrases as they are', () => {
  expect(wpaSupplicantNetwork({ ssid: 'Home # 1', password: 'p#a s\\s!wo', security: 'wpa2-psk' })).toBe(
    'network={\n\tssid="Home # 1"\n\tpsk="p#a s\\s!wo"\n\tkey_mgmt=WPA-PSK\n}\n',
  );
});

test('writes what its quotes cannot hold in hex', () => {
  // The key is what wpa_passphrase prints for it.
  expect(wpaSupplicantNetwork({ ssid: 'a"b', password: 'p"a#s\\s"wo', security: 'wpa2-psk' })).toBe(
    'network={\n\tssid=612262\n\tpsk=349a6f859881fb572a68aec9f5e7702f5554c29b37ee9bae8f6dcaf27ee1d665\n\tkey_mgmt=WPA-PSK\n}\n',
  );
  expect(wpaSupplicantNetwork({ ssid: 'Grün', password: 'p"a#s\\s"wo', security: 'wpa3-sae' })).toBe(
    'network={\n\tssid=4772c3bc6e\n\tsae_password=70226123735c7322776f\n\tkey_mgmt=SAE\n\tieee80211w=2\n}\n',
  );
});

test('an SAE password goes with its identifier', () => {
  expect(wpaSupplicantNetwork({ ssid: 'Home', password: 'correct horse', passwordId: 'grt_1', security: 'wpa3-sae' })).toBe(
    'network={\n\tssid="Home"\n\tsae_password="correct horse"\n\tsae_password_id="grt_1"\n\tkey_mgmt=SAE\n\tieee80211w=2\n}\n',
  );
  expect(wpaSupplicantNetwork({ ssid: 'Home', password: 'correct horse', passwordId: 'grt_1', security: 'wpa2-psk' })).toBe(
    'network={\n\tssid="Home"\n\tpsk="correct horse"\n\tkey_mgmt=WPA-PSK\n}\n',
  );
});
