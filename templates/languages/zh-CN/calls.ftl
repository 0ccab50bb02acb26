outcome-answered = 已接听
outcome-abandoned = 放弃
outcome-left-in-dialplan = 菜单中挂断
outcome-ended-by-us = 菜单结束
outcome-refused = 被拒
outcome-ended-unseen = 结束未见
outcome-open = 进行中
