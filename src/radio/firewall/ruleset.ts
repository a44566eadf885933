/** Whom the firewall keeps to the agent. */
export interface FirewallSettings {
  /** The interface of the onboarding network. */
  readonly onboardingInterface: string;
  /** The agent's ports, TCP. */
  readonly ports: readonly number[];
  /** The bridges that stations of the main network are on, past the machine's own routing; `brvlan*` is all of that beginning. */
  readonly bridges: readonly string[];
}

/**
 * Rules for nftables 1.0.6 and later, which replace those that it loaded before. Devices on the onboarding network,
 * and stations in the set `restricted` on whichever interface, reach the agent's ports and DHCP on this machine by IPv4,
 * and nothing else anywhere; connections that they have already are cut. Each rule counts. `remarks` are put at
 * the top, a comment each.
 */
export function firewallRuleset({ onboardingInterface, ports, bridges }: FirewallSettings, remarks: readonly string[] = []): string {
  const comments = remarks.map((line) => (line === '' ? '#\n' : `# ${line}\n`)).join('');
  return `${comments}add table inet latchkey
delete table inet latchkey
table inet latchkey {
	set restricted {
		type ether_addr
	}

	chain agent_only {
		meta nfproto ipv4 udp dport 67 counter accept
		meta nfproto ipv4 tcp dport { ${ports.join(', ')} } counter accept
		counter drop
	}

	chain input {
		type filter hook input priority filter - 10; policy accept;
		iifname "${onboardingInterface}" jump agent_only
		ether saddr @restricted jump agent_only
	}

	chain forward {
		type filter hook forward priority filter - 10; policy accept;
		iifname "${onboardingInterface}" counter drop
		oifname "${onboardingInterface}" counter drop
${bridges.map(dhcpAcross).join('')}		ether saddr @restricted counter drop
	}
}
${bridges.length === 0 ? '' : bridgeRules}`;
}

/** With br_netfilter, what crosses a bridge comes by here, too. */
function dhcpAcross(bridge: string): string {
  return `\t\tiifname "${bridge}" oifname "${bridge}" udp sport 68 udp dport 67 counter accept\n`;
}

/** DHCP may be answered by another machine on the bridge, which finds the station by ARP. */
const bridgeRules = `
add table bridge latchkey
delete table bridge latchkey
table bridge latchkey {
	set restricted {
		type ether_addr
	}

	chain dhcp_only {
		ether type arp counter accept
		ether type ip udp sport { 67, 68 } udp dport { 67, 68 } counter accept
		counter drop
	}

	chain forward {
		type filter hook forward priority filter - 10; policy accept;
		ether saddr @restricted jump dhcp_only
		ether daddr @restricted jump dhcp_only
	}
}
`;
