//! Which of this computer's network interfaces lead to the other computers in the house.
//!
//! Containers, virtual machines and tunnels have interfaces too, and an address of theirs is of no
//! use to anybody else. They are left out, unless that leaves nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};

use if_addrs::{IfAddr, Interface};

/// How the names of interfaces begin that lead nowhere.
const VIRTUAL: &[&str] = &[
    "docker",
    "br-",
    "veth",
    "virbr",
    "vmnet",
    "vboxnet",
    "vethernet",
    "zt",
    "tailscale",
    "wg",
    "utun",
    "tun",
    "tap",
    "awdl",
    "llw",
    "lxc",
    "lxdbr",
    "podman",
    "cni",
    "flannel",
    "cali",
    "ham",
];

/// Everything there is; nothing if the system will not say.
pub(crate) fn all() -> Vec<Interface> {
    if_addrs::get_if_addrs().unwrap_or_default()
}

/// Whether mDNS should use `interface`, one of `all`.
///
/// Loopback always: it is how several nodes on one computer find each other. IPv6 only where the
/// computer has no IPv4 on a real network: it doubles every announcement and adds nothing.
pub(crate) fn wanted(interface: &Interface, all: &[Interface]) -> bool {
    if interface.is_loopback() {
        return interface.ip().is_ipv4();
    }
    if all
        .iter()
        .any(|other| is_real(other) && other.ip().is_ipv4())
    {
        return is_real(interface) && interface.ip().is_ipv4();
    }
    is_real(interface) || !all.iter().any(is_real)
}

fn is_real(interface: &Interface) -> bool {
    let name = interface.name.to_lowercase();
    !interface.is_loopback()
        && interface.is_oper_up()
        && !interface.is_p2p()
        && !VIRTUAL.iter().any(|prefix| name.starts_with(prefix))
}

/// The addresses that others can reach a listener at `listen` by, best first.
///
/// IPv4 before IPv6. Link-local ones only where there is no other: each needs an interface of whoever dials it,
/// which [`dialable`] supplies.
pub(crate) fn reachable(listen: SocketAddr, all: &[Interface]) -> Vec<SocketAddr> {
    if !listen.ip().is_unspecified() {
        return vec![listen];
    }
    let leads_out = |interface: &&Interface| {
        let real = is_real(interface) || !all.iter().any(is_real);
        real && !interface.is_loopback() && (listen.is_ipv6() || interface.ip().is_ipv4())
    };
    let found: Vec<&Interface> = all.iter().filter(leads_out).collect();
    let anywhere = found.iter().any(|interface| !interface.is_link_local());
    let mut addresses: Vec<SocketAddr> = found
        .iter()
        .filter(|interface| !(anywhere && interface.is_link_local()))
        .map(|interface| SocketAddr::new(interface.ip(), listen.port()))
        .collect();
    addresses.sort_by_key(|address| (address.is_ipv6(), *address));
    addresses.dedup();
    if addresses.is_empty() {
        addresses.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), listen.port()));
    }
    addresses
}

/// `address` as it can be dialled from here: an IPv6 link-local one without an interface stands for one on each of ours.
pub(crate) fn dialable(address: SocketAddr, all: &[Interface]) -> Vec<SocketAddr> {
    let SocketAddr::V6(v6) = address else {
        return vec![address];
    };
    if !v6.ip().is_unicast_link_local() || v6.scope_id() != 0 {
        return vec![address];
    }
    let mut scopes: Vec<u32> = all
        .iter()
        .filter(|interface| is_real(interface) || !all.iter().any(is_real))
        .filter(|interface| !interface.is_loopback())
        .filter_map(|interface| interface.index)
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return vec![address];
    }
    let on = |scope| SocketAddrV6::new(*v6.ip(), v6.port(), 0, scope).into();
    scopes.into_iter().map(on).collect()
}

/// Whoever comes by IPv4 to a socket for both has that address, not its IPv6 disguise. A link-local one keeps its interface.
pub(crate) fn undisguised(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(v4.into(), address.port()),
        IpAddr::V6(_) => address,
    }
}

/// The same place with another port.
pub(crate) fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}

/// Puts `addresses` in the order in which to try them, each once.
pub(crate) fn in_order(mut addresses: Vec<SocketAddr>, all: &[Interface]) -> Vec<SocketAddr> {
    addresses.sort_by_key(|address| (rank(address.ip(), all), *address));
    addresses.dedup();
    addresses
}

/// Smaller is likelier to be reached.
fn rank(address: IpAddr, all: &[Interface]) -> u8 {
    match address {
        IpAddr::V4(v4) if v4.is_loopback() => 4,
        IpAddr::V4(v4) if all.iter().any(|interface| shares_network(v4, interface)) => 0,
        IpAddr::V4(_) => 1,
        IpAddr::V6(v6) if v6.is_loopback() => 4,
        IpAddr::V6(v6) if v6.is_unicast_link_local() => 3,
        IpAddr::V6(_) => 2,
    }
}

fn shares_network(address: Ipv4Addr, interface: &Interface) -> bool {
    let IfAddr::V4(own) = &interface.addr else {
        return false;
    };
    let mask = u32::from(own.netmask);
    mask != 0 && u32::from(address) & mask == u32::from(own.ip) & mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_addrs::{IfOperStatus, Ifv4Addr, Ifv6Addr};

    fn interface(name: &str, ip: &str) -> Interface {
        let addr = match ip.parse().unwrap() {
            IpAddr::V4(ip) => IfAddr::V4(Ifv4Addr {
                ip,
                netmask: Ipv4Addr::new(255, 255, 255, 0),
                prefixlen: 24,
                broadcast: None,
            }),
            IpAddr::V6(ip) => IfAddr::V6(Ifv6Addr {
                ip,
                netmask: std::net::Ipv6Addr::from_bits(u128::MAX << 64),
                prefixlen: 64,
                broadcast: None,
            }),
        };
        let oper_status = IfOperStatus::Up;
        Interface {
            name: name.to_owned(),
            addr,
            index: None,
            oper_status,
            is_p2p: false,
        }
    }

    fn names_wanted(all: &[Interface]) -> Vec<String> {
        let kept = all.iter().filter(|interface| wanted(interface, all));
        kept.map(|interface| format!("{} {}", interface.name, interface.ip()))
            .collect()
    }

    #[test]
    fn containers_and_tunnels_are_left_out() {
        let all = [
            interface("lo", "127.0.0.1"),
            interface("lo", "::1"),
            interface("enp3s0", "192.168.1.5"),
            interface("enp3s0", "fe80::1"),
            interface("docker0", "172.17.0.1"),
            interface("wg0", "10.9.0.2"),
        ];
        assert_eq!(names_wanted(&all), ["lo 127.0.0.1", "enp3s0 192.168.1.5"]);
        assert_eq!(
            reachable("0.0.0.0:47820".parse().unwrap(), &all),
            ["192.168.1.5:47820".parse().unwrap()]
        );
    }

    #[test]
    fn when_nothing_else_is_left_they_are_used() {
        let all = [
            interface("lo", "127.0.0.1"),
            interface("veth1", "10.77.0.1"),
            interface("wg0", "10.9.0.2"),
        ];
        assert_eq!(
            names_wanted(&all),
            ["lo 127.0.0.1", "veth1 10.77.0.1", "wg0 10.9.0.2"]
        );
        let only_v6 = [
            interface("lo", "127.0.0.1"),
            interface("eth0", "fd00::5"),
            interface("docker0", "172.17.0.1"),
        ];
        assert_eq!(names_wanted(&only_v6), ["lo 127.0.0.1", "eth0 fd00::5"]);
    }

    #[test]
    fn without_a_network_there_is_still_this_computer() {
        let all = [interface("lo", "127.0.0.1")];
        assert_eq!(
            reachable("0.0.0.0:9".parse().unwrap(), &all),
            ["127.0.0.1:9".parse().unwrap()]
        );
        assert_eq!(
            reachable("10.1.1.1:9".parse().unwrap(), &all),
            ["10.1.1.1:9".parse().unwrap()]
        );
    }

    #[test]
    fn ipv6_is_offered_after_ipv4_and_link_local_alone() {
        let both = [
            interface("lo", "127.0.0.1"),
            interface("enp3s0", "fd00::5"),
            interface("enp3s0", "fe80::5"),
            interface("enp3s0", "192.168.1.5"),
            interface("wg0", "fd99::1"),
        ];
        let shown = |all: &[Interface]| -> Vec<String> {
            let found = reachable("[::]:9".parse().unwrap(), all);
            found.iter().map(ToString::to_string).collect()
        };
        assert_eq!(shown(&both), ["192.168.1.5:9", "[fd00::5]:9"]);
        let bare = [interface("lo", "::1"), interface("enp3s0", "fe80::5")];
        assert_eq!(shown(&bare), ["[fe80::5]:9"]);
    }

    #[test]
    fn a_link_local_address_is_dialled_on_every_interface_of_ours() {
        let mut all = [
            interface("lo", "127.0.0.1"),
            interface("enp3s0", "192.168.1.5"),
            interface("enp3s0", "fe80::5"),
            interface("wlan0", "fe80::6"),
            interface("docker0", "172.17.0.1"),
        ];
        for (interface, index) in all.iter_mut().zip([1, 2, 2, 3, 4]) {
            interface.index = Some(index);
        }
        let shown = |address: &str| -> Vec<String> {
            let found = dialable(address.parse().unwrap(), &all);
            found.iter().map(ToString::to_string).collect()
        };
        assert_eq!(shown("[fe80::9]:7"), ["[fe80::9%2]:7", "[fe80::9%3]:7"]);
        for as_it_is in ["[fe80::9%4]:7", "[fd00::9]:7", "169.254.0.9:7"] {
            assert_eq!(shown(as_it_is), [as_it_is]);
        }
        assert_eq!(dialable("[fe80::9]:7".parse().unwrap(), &[]).len(), 1);
    }

    #[test]
    fn a_caller_is_known_by_its_own_address() {
        let seen = |address: &str| undisguised(address.parse().unwrap()).to_string();
        assert_eq!(seen("[::ffff:10.0.0.7]:5"), "10.0.0.7:5");
        assert_eq!(seen("[fe80::9%3]:5"), "[fe80::9%3]:5");
        let called = with_port("[fe80::9%3]:5".parse().unwrap(), 47820);
        assert_eq!(called.to_string(), "[fe80::9%3]:47820");
    }

    #[test]
    fn the_likeliest_address_comes_first() {
        let all = [
            interface("lo", "127.0.0.1"),
            interface("enp3s0", "192.168.1.5"),
        ];
        let addresses = [
            "[fe80::1]:1",
            "127.0.0.1:1",
            "[fd00::1]:1",
            "10.0.0.7:1",
            "192.168.1.9:1",
            "10.0.0.7:1",
        ];
        let ordered = in_order(addresses.iter().map(|a| a.parse().unwrap()).collect(), &all);
        let shown: Vec<String> = ordered.iter().map(ToString::to_string).collect();
        // Loopback shares a network with our own loopback, and still goes last.
        assert_eq!(
            shown,
            [
                "192.168.1.9:1",
                "10.0.0.7:1",
                "[fd00::1]:1",
                "[fe80::1]:1",
                "127.0.0.1:1"
            ]
        );
    }
}
