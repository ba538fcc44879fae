"""Pictures as pure functions: values and a colour scheme in, a plain dictionary in plotly's words out.

Every point carries its row number in `customdata`, so that pictures can point at each other. Lists, never arrays. No picture knows
where its numbers come from, and none needs plotly to be made.
"""
