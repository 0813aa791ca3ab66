import Mail
package struct ProxyHeaderReader { package init() {} }
