import { expect, test } from 'vitest';
import { firewallRuleset } from './ruleset.ts';

const settings = { onboardingInterface: 'wlan0_onb', ports: [8430, 8431, 8432], bridges: [] as string[] };

test('the rules, without a bridge', () => {
  expect(firewallRuleset(settings, ['Made by:', '  somebody'])).toBe(`# Made by:
#   somebody
add table inet latchkey
delete table inet latchkey
table inet latchkey {
	set restricted {
		type ether_addr
	}

	chain agent_only {
		meta nfproto ipv4 udp dport 67 counter accept
		meta nfproto ipv4 tcp dport { 8430, 8431, 8432 } counter accept
		counter drop
	}

	chain input {
		type filter hook input priority filter - 10; policy accept;
		iifname "wlan0_onb" jump agent_only
		ether saddr @restricted jump agent_only
	}

	chain forward {
		type filter hook forward priority filter - 10; policy accept;
		iifname "wlan0_onb" counter drop
		oifname "wlan0_onb" counter drop
		ether saddr @restricted counter drop
	}
}
`);
});

test('a bridge has rules of its own, with the same set', () => {
  const rules = firewallRuleset({ ...settings, bridges: ['br0', 'brvlan*'] });
  expect(rules.match(/^table \w+ latchkey \{\n\tset restricted \{\n\t\ttype ether_addr\n\t\}/gm)).toHaveLength(2);
  expect(rules).toContain(`
		iifname "br0" oifname "br0" udp sport 68 udp dport 67 counter accept
		iifname "brvlan*" oifname "brvlan*" udp sport 68 udp dport 67 counter accept
		ether saddr @restricted counter drop
`);
});
