"""What the logbook says of events, in the languages that we have.

The logbook takes finished sentences, and Home Assistant's translations have no place for them.
A line begins with the name of the account or the meter; what stands here follows it.
"""

from collections.abc import Mapping

AUTOMATION = "automation"
"""The text's key for the acting user where no person acted."""

ENGLISH = {
    "automation": "an automation",
    "credit_warning": "has {available} left, which is at or below the warning level {level}",
    "cut_off": "was cut off, its credit is {available}",
    "restored": "has power restored after {seconds} s",
    "topped_up": "topped up {amount} by {user}, balance {balance}",
    "top_up_reversed": "had a top-up of {amount} reversed by {user}",
    "refunded": "had {amount} refunded by {user}",
    "moved_out": "moved out, final statement {statement}",
    "announced": "was sent an announcement: {title}",
    "suspect_reading": "had a reading that cannot be right ({reason}), charging waits",
    "register_rolled_over": "began anew at 0 kWh after its highest value",
    "meter_offline": "does not answer any more",
    "overload": "{action}: load of {value} {unit}, limit {limit} {unit}",
    "protection": "{action}: {rule} of {value} {unit}, limit {limit} {unit}",
    "tamper": "counted {energy_wh} Wh behind an open relay",
    "action_warned": "warned",
    "action_tripped": "opened its relay",
    "action_locked_out": "opened its relay for good",
    "action_reclosed": "closed its relay again",
    "action_cleared": "is all right again",
    "reason_missing": "missing",
    "reason_backwards": "backwards",
    "reason_implausible": "more than its breaker carries",
    "reason_other_meter": "another meter answers",
    "reason_in_future": "in the future",
    "reason_contradictory": "it contradicts itself",
    "rule_over_voltage": "over-voltage",
    "rule_under_voltage": "under-voltage",
    "rule_phase_loss": "voltage of a lost phase",
    "rule_voltage_thd": "voltage harmonics",
    "rule_current_thd": "current harmonics",
    "rule_residual_current": "residual current",
    "rule_night_load": "base load at night",
    "rule_leakage_trend": "growth of the base load",
}

CHINESE = {
    "automation": "自动化",
    "credit_warning": "余额 {available}，已达预警线 {level}",
    "cut_off": "欠费断电，可用额度 {available}",
    "restored": "{seconds} 秒后恢复供电",
    "topped_up": "充值 {amount}（{user}），余额 {balance}",
    "top_up_reversed": "充值 {amount} 被冲销（{user}）",
    "refunded": "退款 {amount}（{user}）",
    "moved_out": "已退租，结算单 {statement}",
    "announced": "已发送公告：{title}",
    "suspect_reading": "读数不可信（{reason}），暂停计费",
    "register_rolled_over": "表底翻转，从 0 kWh 重新计数",
    "meter_offline": "停止应答",
    "overload": "{action}：负荷 {value} {unit}，限值 {limit} {unit}",
    "protection": "{action}：{rule} {value} {unit}，限值 {limit} {unit}",
    "tamper": "断电状态下计量了 {energy_wh} Wh",
    "action_warned": "告警",
    "action_tripped": "断开继电器",
    "action_locked_out": "锁定断开继电器",
    "action_reclosed": "重新合闸",
    "action_cleared": "恢复正常",
    "reason_missing": "缺失",
    "reason_backwards": "倒走",
    "reason_implausible": "超出断路器容量",
    "reason_other_meter": "应答的是另一只电表",
    "reason_in_future": "时间在未来",
    "reason_contradictory": "自相矛盾",
    "rule_over_voltage": "过压",
    "rule_under_voltage": "欠压",
    "rule_phase_loss": "缺相电压",
    "rule_voltage_thd": "电压谐波",
    "rule_current_thd": "电流谐波",
    "rule_residual_current": "剩余电流",
    "rule_night_load": "夜间基础负荷",
    "rule_leakage_trend": "基础负荷增长",
}

TEXTS: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "zh-Hans": CHINESE}
